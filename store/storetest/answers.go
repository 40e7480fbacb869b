package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/muster-live/muster/identity"
)

// answerTests are about answers to requests that come with a key.
var answerTests = map[string]test{
	"an answer is kept for its sender and key":                   answerIsKept,
	"of requests with one key at once, one is to be carried out": oneIsCarriedOut,
}

func answerIsKept(t *testing.T, open Open) {
	s := open(t)
	since := tenFifteen.Add(-time.Hour)
	request := identity.Answer{Request: [32]byte{1, 2}, At: tenFifteen}
	begin := func(key string, since time.Time) (identity.Answer, bool) {
		t.Helper()
		a, there, err := s.BeginAnswer(t.Context(), 7, key, request, since)
		must(t, err)
		return a, there
	}
	if _, there := begin("k", since); there {
		t.Error("there is an answer before the first request")
	}
	got, there := begin("k", since)
	same(t, "while it is being carried out", identity.Answer{Request: [32]byte{1, 2}, At: tenFifteen, Secret: true}, got)
	if !there {
		t.Error("the request is not known")
	}
	done := identity.Answer{Request: [32]byte{1, 2}, At: tenFifteen, Status: 201, ContentType: "application/json", Body: []byte(`{"a":1}`)}
	must(t, s.EndAnswer(t.Context(), 7, "k", done))
	got, _ = begin("k", since)
	same(t, "afterwards", done, got)
	if _, there := begin("other", since); there {
		t.Error("another key has it too")
	}
	if _, there, err := s.BeginAnswer(t.Context(), 8, "k", request, since); there || err != nil {
		t.Errorf("somebody else has it too: %v", err)
	}
	must(t, s.EndAnswer(t.Context(), 7, "other", identity.Answer{Status: 204}))
	if got, _ = begin("other", since); got.Secret || got.Status != 204 {
		t.Errorf("without a body: %+v", got)
	}
	must(t, s.EndAnswer(t.Context(), 8, "k", identity.Answer{Status: 200, Body: []byte("secret"), Secret: true}))
	got, _, err := s.BeginAnswer(t.Context(), 8, "k", request, since)
	must(t, err)
	if len(got.Body) > 0 || !got.Secret || got.Status != 200 {
		t.Errorf("a secret: %+v", got)
	}
	must(t, s.ForgetAnswer(t.Context(), 7, "other"))
	if _, there := begin("other", since); there {
		t.Error("what was forgotten is there")
	}
	if _, there := begin("k", tenFifteen.Add(time.Second)); there {
		t.Error("what is too old is there")
	}
}

func oneIsCarriedOut(t *testing.T, open Open) {
	var first atomic.Int32
	var all sync.WaitGroup
	stores := []Store{open(t), open(t), open(t)}
	for i := range 12 {
		s := stores[i%len(stores)]
		all.Go(func() {
			_, there, err := s.BeginAnswer(t.Context(), 7, "k", identity.Answer{At: tenFifteen}, tenFifteen)
			if err != nil {
				t.Error(err)
			}
			if !there {
				first.Add(1)
			}
		})
	}
	all.Wait()
	if n := first.Load(); n != 1 {
		t.Errorf("%d of 12 are the first", n)
	}
}
