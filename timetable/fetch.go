package timetable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/table"
)

// Fetcher fetches the calendars that courses are subscribed to.
type Fetcher struct {
	*Planner
	client *http.Client
}

// FetchEvery is how often a calendar is fetched.
const FetchEvery = time.Hour

// Limits of fetching. Somebody who may subscribe to a calendar must not be able to look
// around in the server's own network by it.
const (
	fetchLimit   = 30 * time.Second
	maxRedirects = 5
	fetchAtLeast = 24 * time.Hour // after many failures
	maxAddress   = 2000           // characters
)

// NewFetcher returns a fetcher. Unless private is set, it connects to public addresses
// alone, whatever a name leads to.
func NewFetcher(p *Planner, private bool) *Fetcher {
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return public(address, private)
	}}
	return &Fetcher{Planner: p, client: &http.Client{
		Timeout: fetchLimit,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return reason("The server sends us on and on.")
			}
			return checkURL(r.URL)
		},
	}}
}

// notPublic are networks that are neither private nor local by name, but nobody's
// calendar is in.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

// public returns an error unless an address, as it is about to be connected to, is one of
// the public internet.
func public(address string, private bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	local := !ip.IsGlobalUnicast() || ip.IsPrivate()
	for _, n := range notPublic {
		local = local || n.Contains(ip)
	}
	if local && !private {
		return reason("The address leads into a private network. Whoever runs this server may allow that with --private-calendars.")
	}
	return nil
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return reason("The address must begin with https:// or http://.")
	}
	return nil
}

// Address makes the address of a calendar one that can be fetched, or returns an
// [attendance.Error].
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	for _, scheme := range []string{"webcal://", "webcals://"} {
		if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
			text = "https://" + text[len(scheme):]
		}
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > maxAddress || checkURL(u) != nil {
		return "", attendance.BadField("address", "an address that begins with https:// or http://")
	}
	return u.String(), nil
}

// Fetch fetches a subscription and takes in what it has. What goes wrong with that is its
// outcome; an error is returned if that cannot be written down. The Kind, Title, Course
// and At of the header are filled in.
func (f *Fetcher) Fetch(ctx context.Context, s Subscription, h changes.Header) (Fetched, error) {
	now := f.Now()
	next := s.Fetched
	h.Kind, h.Title, h.Course, h.At = changes.Timetable, "Calendar at "+HostOf(s.Address), s.Course, now
	outcome, err := f.fetch(ctx, s, h, &next)
	if ctx.Err() != nil {
		return next, ctx.Err() // told to stop: that says nothing about the calendar
	}
	next.At, next.Failures, next.Outcome = now, 0, outcome
	wait := FetchEvery
	if err != nil {
		next.ETag, next.LastModified = s.ETag, s.LastModified
		next.Failures = s.Failures + 1
		next.Outcome = problem(err)
		wait = min(FetchEvery<<min(next.Failures-1, 8), fetchAtLeast)
	}
	next.Next = now.Add(wait)
	return next, f.Store.Fetched(ctx, s.ID, next)
}

// HostOf is the server that an address is of.
func HostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return "an address"
}

// problem says to people why a calendar could not be fetched, and nothing about the
// network that it was fetched from.
func problem(err error) string {
	var why reason
	var file *table.FileError
	var known *attendance.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &why):
		return string(why)
	case errors.As(err, &file):
		return file.Problem
	case errors.As(err, &known) && known.Code != attendance.CodeInternal:
		return known.Message
	case errors.As(err, &dns):
		return "There is no server of that name."
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("The server took longer than %v.", fetchLimit)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		if failed.Timeout() {
			return fmt.Sprintf("The server took longer than %v.", fetchLimit)
		}
		return "The server cannot be reached."
	}
	return "Something went wrong on our side. It will be tried again."
}

// fetch fetches and takes in, and says in words what came of it.
func (f *Fetcher) fetch(ctx context.Context, s Subscription, h changes.Header, next *Fetched) (string, error) {
	content, err := f.get(ctx, s, next)
	if err != nil {
		return "", err
	}
	if content == nil {
		return "The calendar has not changed.", nil
	}
	in, err := f.input(ctx, s, content, h.At)
	if err != nil {
		return "", err
	}
	plan, _, err := f.Apply(ctx, h, in, "")
	if err != nil {
		return "", err
	}
	return plan.told(in.Reading), nil
}

// input reads what a subscription's calendar has.
func (f *Fetcher) input(ctx context.Context, s Subscription, content []byte, now time.Time) (Input, error) {
	frame, err := f.Frame(ctx, Request{Course: s.Course, Only: s.Only})
	if err != nil {
		return Input{}, err
	}
	in := Input{Source: URLSource(s.ID), Missing: CancelVanished, Now: now}
	if in.Reading, err = Calendar(HostOf(s.Address), content, frame); err != nil {
		return Input{}, err
	}
	for _, c := range frame.Courses {
		in.Courses = append(in.Courses, c.ID)
	}
	if len(in.Sessions) == 0 {
		in.Missing = KeepMissing // an empty calendar is more likely a mistake than a term without sessions
	}
	return in, nil
}

// Rejects fetches a subscription's calendar and writes those of its events that come to
// nothing, as [WriteRejects] does, into a file of that name. It changes nothing. Its error
// is an [attendance.Error]; with CodeNotFound nothing is rejected.
func (f *Fetcher) Rejects(ctx context.Context, s Subscription) (name string, file []byte, err error) {
	content, err := f.get(ctx, Subscription{Address: s.Address}, &Fetched{})
	var in Input
	if err == nil {
		in, err = f.input(ctx, s, content, f.Now())
	}
	if err != nil {
		return "", nil, attendance.Refuse(attendance.CodeConflict, problem(err))
	}
	plan, err := f.Preview(ctx, in)
	if err != nil {
		return "", nil, err
	}
	if len(plan.Rejects) == 0 {
		return "", nil, ErrNoRejects
	}
	host := HostOf(s.Address)
	var b bytes.Buffer
	err = writeEvents(&b, host, content, plan.Rejects)
	return calendarRejectsName(host + ".ics"), b.Bytes(), err
}

// told says what a plan did.
func (p *Plan) told(r *Reading) string {
	if len(r.Sessions) == 0 && len(r.Rejects) == 0 {
		return "The calendar has no events. What was planned stays."
	}
	var words []string
	for _, w := range []struct {
		n    int
		what string
	}{{p.Counts[changes.Adds], "new"}, {p.Counts[changes.Changed], "changed"}, {p.Counts[changes.Ends], "cancelled"}, {p.Same, "as they were"}, {p.Counts[changes.Rejects], "left out"}} {
		if w.n > 0 {
			words = append(words, fmt.Sprint(w.n, " ", w.what))
		}
	}
	return list(words) + "."
}

// get returns the calendar; nil if it has not changed since it was fetched last.
func (f *Fetcher) get(ctx context.Context, s Subscription, next *Fetched) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "muster")
	r.Header.Set("Accept", "text/calendar, */*;q=0.5")
	if s.Failures == 0 && s.ETag != "" {
		r.Header.Set("If-None-Match", s.ETag)
	}
	if s.Failures == 0 && s.LastModified != "" {
		r.Header.Set("If-Modified-Since", s.LastModified)
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusNotModified:
		return nil, nil
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return nil, reason("The server asks who we are. Use the secret address that your calendar gives for sharing.")
	case answer.StatusCode == http.StatusNotFound, answer.StatusCode == http.StatusGone:
		return nil, reason("There is nothing at this address any more.")
	case answer.StatusCode != http.StatusOK:
		return nil, reasonf("The server answered %d.", answer.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, MaxCalendar+1))
	if err != nil {
		return nil, err
	}
	next.ETag, next.LastModified = clean(answer.Header.Get("ETag"), 200), clean(answer.Header.Get("Last-Modified"), 100)
	return content, nil
}
