package rig

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// Node is a server that speaks HTTP: muster, or another one that it is compared with.
type Node struct {
	*Program
	URL  string
	Addr string

	command func(addr string) *exec.Cmd
	log     string
}

// StartNode runs `muster serve` with args, as [StartServer] does.
func StartNode(ctx context.Context, muster, log string, args ...string) (*Node, error) {
	return StartServer(ctx, log, func(addr string) *exec.Cmd {
		return exec.Command(muster, append([]string{"serve", "--listen", addr}, args...)...)
	})
}

// StartServer runs the command that is to listen at the address it is given, which has
// a free port, and waits until it answers. The file log gets its output.
func StartServer(ctx context.Context, log string, command func(addr string) *exec.Cmd) (*Node, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	n := &Node{command: command, log: log, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))}
	n.URL = "http://" + n.Addr
	return n, n.Restart(ctx)
}

// Restart starts the server again on the same port, after it was stopped or killed.
func (n *Node) Restart(ctx context.Context) (err error) {
	cmd := n.command(n.Addr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ^C is for us to pass on
	if n.Program, err = Start(cmd, n.log); err != nil {
		return err
	}
	return n.waitUntil(func() error { return answers(ctx, n.URL) })
}

// answers reports whether there is an HTTP server at a URL.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	return err
}

// Proxy is an HAProxy that passes each connection on to the next of some nodes.
type Proxy struct {
	*Program
	URL string
}

// proxySettings has the folder, the port, and the lines of the servers filled in.
const proxySettings = `global
	maxconn 8000
defaults
	mode http
	timeout connect 2s
	timeout client 1m
	timeout server 1m
	timeout tunnel 1h
	retries 2
	option redispatch
	option forwardfor
frontend all
	bind 127.0.0.1:%d
	default_backend nodes
backend nodes
	balance roundrobin
	option httpchk GET /readyz
	default-server check inter 500ms fall 1 rise 1
%s`

// StartProxy starts an HAProxy that keeps its settings and output in dir.
func StartProxy(ctx context.Context, dir string, nodes ...string) (*Proxy, error) {
	path, err := Find("haproxy", "haproxy", "/usr/sbin", "/usr/local/sbin")
	if err != nil {
		return nil, err
	}
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	servers := ""
	for i, addr := range nodes {
		servers += fmt.Sprintf("\tserver node%d %s\n", i+1, addr)
	}
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start HAProxy: %w", err)
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, proxySettings, ports[0], servers), 0o600); err != nil {
		return nil, fmt.Errorf("start HAProxy: %w", err)
	}
	p := &Proxy{URL: "http://127.0.0.1:" + strconv.Itoa(ports[0])}
	cmd := exec.Command(path, "-db", "-f", file)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.Program, err = Start(cmd, filepath.Join(dir, "haproxy.log")); err != nil {
		return nil, err
	}
	return p, p.waitUntil(func() error { return answers(ctx, p.URL) })
}
