package postgres

import (
	"strings"
	"testing"
	"time"
)

func TestClocksThatAreApartAreNoticed(t *testing.T) {
	t.Parallel()
	s := open(t, newDatabase(t))
	for ahead, want := range map[time.Duration]string{0: "", time.Second: "", time.Minute: "1m0s ahead of", -time.Minute: "1m0s behind"} {
		asked := time.Now()
		skew, err := measureSkew(t.Context(), s.pool, func() time.Time { return time.Now().Add(ahead) })
		if err != nil {
			t.Fatal(err)
		}
		if off := (skew - ahead).Abs(); off > time.Millisecond+time.Since(asked)/2 {
			t.Errorf("a clock that is %v ahead was taken for %v", ahead, skew)
		}
		err = CheckSkew(ahead)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "NTP")) {
			t.Errorf("%v ahead: %v", ahead, err)
		}
	}
}
