package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/muster-live/muster/client"
)

// newCertificate writes a certificate and its key to files.
func newCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // has one
	defer web.Close()
	c := web.TLS.Certificates[0]
	pkcs8, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestLiveConnectionsOverTLSAreTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := newCertificate(t)
	s := loadOneSession(t, dir, "2")
	server := start(t, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
	url := server.line(`https(://\S+)`)[0]
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, early, _, err := ws.Dialer{
		Protocols: []string{client.Subprotocol},
		Header:    ws.HandshakeHeaderString("Authorization: Bearer " + s.Board + "\r\n"),
		TLSConfig: &tls.Config{InsecureSkipVerify: true},
	}.Dial(ctx, fmt.Sprintf("wss%s/api/v1/sessions/%d/live?audience=board", url, s.ID))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	from := io.Reader(conn)
	if early != nil {
		from = early
	}
	if b, err := wsutil.ReadServerText(struct {
		io.Reader
		io.Writer
	}{from, conn}); err != nil || !bytes.Contains(b, []byte(`"t":"snapshot"`)) {
		t.Errorf("the board gets %q, %v", b, err)
	}
	stacks := make([]byte, 4<<20)
	if stacks = stacks[:runtime.Stack(stacks, true)]; bytes.Contains(stacks, []byte(".(*WebSocket).readAll")) {
		t.Error("it has a goroutine that reads")
	}
	server.end()
}
