package local_test

import (
	"testing"

	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/clustertest"
	"github.com/muster-live/muster/cluster/local"
)

func TestLocalNetworkConforms(t *testing.T) {
	clustertest.Run(t, func(testing.TB) func(cluster.Node) cluster.Link {
		var network local.Network
		return network.Join
	})
}
