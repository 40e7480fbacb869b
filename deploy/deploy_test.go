// Package deploy_test tries the settings of this folder with the real programs: two
// muster servers on PostgreSQL and Redis, behind nginx and behind HAProxy.
package deploy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/muster-live/muster/bench"
	"github.com/muster-live/muster/rig"
)

// patience is how long anything may take on a machine that is busy with other tests.
const patience = 5 * time.Minute

// site is an installation behind a proxy.
type site struct {
	t       *testing.T
	host    string // of the proxy, with its port
	roots   *x509.CertPool
	client  *http.Client
	nodes   []*rig.Node
	session bench.Session
}

func TestBehindNginx(t *testing.T) {
	t.Parallel()
	path, err := rig.Find("nginx", "nginx", "/usr/sbin", "/usr/local/sbin")
	if err != nil {
		t.Fatal(err)
	}
	newSite(t, func(dir, host string, nodes []string) *exec.Cmd {
		server := settings(t, "nginx.conf", dir, nodes, "listen 443 ssl;", "listen "+host+" ssl;",
			"/etc/ssl/muster/", dir+"/")
		around := fmt.Sprintf("pid %[1]s/nginx.pid;\nerror_log stderr;\ndaemon off;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path %[1]s/body;\nproxy_temp_path %[1]s/proxy;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\ninclude %[2]s;\n}\n", dir, server)
		return exec.Command(path, "-p", dir, "-e", "stderr", "-c", write(t, dir, "main.conf", []byte(around)))
	}).try()
}

func TestBehindHAProxy(t *testing.T) {
	t.Parallel()
	path, err := rig.Find("haproxy", "haproxy", "/usr/sbin", "/usr/local/sbin")
	if err != nil {
		t.Fatal(err)
	}
	newSite(t, func(dir, host string, nodes []string) *exec.Cmd {
		file := settings(t, "haproxy.cfg", dir, nodes, "bind :443", "bind "+host, "/etc/haproxy/muster.pem", dir+"/both.pem")
		return exec.Command(path, "-db", "-f", file)
	}).try()
}

// settings copies a file of this folder into dir, with other addresses and files.
func settings(t *testing.T, name, dir string, nodes []string, replace ...string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%s has no %q any more", name, replace[i])
		}
	}
	replace = append(replace, "10.0.0.11:8080", nodes[0], "10.0.0.12:8080", nodes[1])
	return write(t, dir, name, []byte(strings.NewReplacer(replace...).Replace(text)))
}

func write(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate writes one for 127.0.0.1, and its key, the way each proxy wants them.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	write(t, dir, "cert.pem", certPEM)
	write(t, dir, "key.pem", keyPEM)
	write(t, dir, "both.pem", append(certPEM, keyPEM...))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return roots
}

func newSite(t *testing.T, proxy func(dir, host string, nodes []string) *exec.Cmd) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "muster-deploy-") // t.TempDir cannot be reached by PostgreSQL's user
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	var own rig.Rig
	t.Cleanup(func() {
		if err := own.Stop(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	s := &site{t: t, roots: certificate(t, dir)}
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}}, Timeout: patience}
	t.Cleanup(s.client.CloseIdleConnections)

	muster := filepath.Join(dir, "muster")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", muster, "../cmd/muster").CombinedOutput(); err != nil {
		t.Fatalf("build muster: %v: %s", err, out)
	}
	pg, err := rig.StartPostgres(t.Context(), filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	own.Add(pg.Stop)
	redis, err := rig.StartRedis(t.Context(), filepath.Join(dir, "redis"))
	if err != nil {
		t.Fatal(err)
	}
	own.Add(redis.Stop)
	ports, err := rig.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	s.host = fmt.Sprintf("127.0.0.1:%d", ports[0])
	var addresses []string
	for i := range 2 {
		n, err := rig.StartNode(t.Context(), muster, filepath.Join(dir, fmt.Sprintf("node%d.log", i)),
			"--database", pg.URL, "--redis", redis.URL, "--public-url", "https://"+s.host, "--trusted-proxies", "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		own.Add(func() error { return n.Stop() })
		s.nodes, addresses = append(s.nodes, n), append(addresses, n.Addr)
	}
	p, err := rig.Start(proxy(dir, s.host, addresses), filepath.Join(dir, "proxy.log"))
	if err != nil {
		t.Fatal(err)
	}
	own.Add(p.Stop)
	out, err := exec.CommandContext(t.Context(), muster, "load-session", "--database", pg.URL, "--students", "200").Output()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := bench.ReadIdentities(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	s.session = ids.Sessions[0]
	for limit := time.Now().Add(patience); s.get("/readyz") != http.StatusOK; {
		if time.Now().After(limit) {
			b, _ := os.ReadFile(filepath.Join(dir, "proxy.log"))
			t.Fatalf("the proxy does not answer; its log: %s", b)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return s
}

func (s *site) try() {
	s.connectsQuickly()
	s.newsComesAtOnce()
	s.strangersAreKeptOut()
	s.addressesCannotBeMadeUp()
	s.aRestartIsNoError()
}

// get returns the status of a page; 0 if there was none.
func (s *site) get(path string) int {
	resp, err := s.client.Get("https://" + s.host + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// socket opens a WebSocket with a token, from a page of origin.
func (s *site) socket(token, origin string) (net.Conn, error) {
	d := ws.Dialer{
		TLSConfig: &tls.Config{RootCAs: s.roots}, Protocols: []string{"muster.v1"}, Timeout: patience,
		Header: ws.HandshakeHeaderHTTP(http.Header{"Authorization": {"Bearer " + token}, "Origin": {origin}}),
	}
	conn, _, _, err := d.Dial(s.t.Context(), fmt.Sprintf("wss://%s/api/v1/sessions/%d/live?audience=student", s.host, s.session.ID))
	if err == nil {
		s.t.Cleanup(func() { conn.Close() })
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	return conn, err
}

// connectsQuickly: TLS takes one round trip, which is 1.3.
func (s *site) connectsQuickly() {
	resp, err := s.client.Get("https://" + s.host + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.TLS.Version; got != tls.VersionTLS13 {
		s.t.Errorf("the proxy speaks %s", tls.VersionName(got))
	}
}

// newsComesAtOnce: a check-in over a WebSocket is seen by a stream that is open, and
// by a WebSocket that goes to the other server.
func (s *site) newsComesAtOnce() {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://%s/api/v1/sessions/%d/live?audience=board", s.host, s.session.ID), nil)
	req.Header.Set("Authorization", "Bearer "+s.session.Board)
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := bufio.NewScanner(resp.Body)
	stream.Buffer(nil, 1<<20)
	next := func(want string) {
		s.t.Helper()
		for stream.Scan() {
			if strings.Contains(stream.Text(), want) {
				return
			}
		}
		s.t.Fatalf("the stream ended before %s: %v", want, stream.Err())
	}
	next(`"t":"snapshot"`)
	for _, student := range s.session.Students[:2] { // one through each server
		conn, err := s.socket(student.Token, "https://"+s.host)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := wsutil.WriteClientText(conn, fmt.Appendf(nil, `{"t":"check_in","id":"here","ticket":%q}`, student.Ticket)); err != nil {
			s.t.Fatal(err)
		}
		next(fmt.Sprintf(`"mark",%d,"present"`, student.Person))
	}
}

func (s *site) strangersAreKeptOut() {
	if _, err := s.socket(s.session.Board, "https://evil.example"); err == nil {
		s.t.Error("a page of another site got a WebSocket")
	}
	if _, err := s.socket("nobody", "https://"+s.host); err == nil {
		s.t.Error("a stranger got a WebSocket")
	}
}

// addressesCannotBeMadeUp: wrong codes of people who are not signed in are limited by
// address, whatever the client says that its address is.
func (s *site) addressesCannotBeMadeUp() {
	const atOnce, servers = 200, 2 // then one a second at each server, and more is sent in a second
	body, _ := json.Marshal(map[string]any{"session": s.session.ID, "code": "AAAAAAAA"})
	for try := range 4 * atOnce * servers {
		req, _ := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "https://"+s.host+"/api/v1/scan", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", try%250))
		resp, err := s.client.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	s.t.Error("wrong codes from one address were not stopped")
}

// aRestartIsNoError: while one of the servers stops and is away, every request is
// answered.
func (s *site) aRestartIsNoError() {
	n := s.nodes[0]
	if err := n.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	for stopped := false; !stopped; {
		select {
		case <-n.Ended():
			stopped = true
		default:
		}
		if status := s.get("/"); status != http.StatusOK {
			s.t.Errorf("while a server stops, a page is answered %d", status)
		}
	}
	for range 50 {
		if status := s.get("/"); status != http.StatusOK {
			s.t.Errorf("while a server is away, a page is answered %d", status)
		}
	}
	if err := n.Restart(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
