package remote_test

import (
	"testing"

	"github.com/muster-live/muster/cluster"
	"github.com/muster-live/muster/cluster/clustertest"
)

func TestLinksConform(t *testing.T) {
	t.Parallel()
	clustertest.Run(t, func(tb testing.TB) func(cluster.Node) cluster.Link {
		e := &ether{}
		return func(n cluster.Node) cluster.Link {
			l, _ := e.dial(tb, n)
			return l
		}
	})
}
