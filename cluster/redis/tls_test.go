package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/muster-live/muster/cluster/redis"
)

// certificate writes one that nobody has signed, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	signed, err1 := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	secret, err2 := x509.MarshalPKCS8PrivateKey(private)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestLinksOverTLSHearEachOther(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	port, addr := unused(t)
	startRedis(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	hearEachOther(t, "rediss://"+addr+"?skip_verify=true")
	if _, err := redis.Open(context.Background(), "rediss://"+addr); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody has signed: %v", err)
	}
	if _, err := redis.Open(context.Background(), "redis://"+addr); err == nil || !strings.Contains(err.Error(), "write rediss://") {
		t.Errorf("no TLS where there should be: %v", err)
	}
}
