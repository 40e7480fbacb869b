package postgres

import (
	"context"
	"fmt"
	"time"
)

// maxSkew is how far this machine's clock and the database server's may be apart. A
// code is good for a few seconds, and one that this process shows has to be good for
// all the others.
const maxSkew = 2 * time.Second

// Skew returns by how much this machine's clock is ahead of the database server's,
// which is behind if it is negative; it may be off by half of the time that the
// question took.
func (s *Store) Skew(ctx context.Context) (skew time.Duration, err error) {
	err = s.reading(ctx, func(q queryer) error {
		skew, err = measureSkew(ctx, q, time.Now)
		return err
	})
	return skew, err
}

func measureSkew(ctx context.Context, q queryer, now func() time.Time) (time.Duration, error) {
	var there time.Time
	asked := now()
	if err := q.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&there); err != nil {
		return 0, fmt.Errorf("ask for the time: %w", err)
	}
	answered := now()
	return asked.Add(answered.Sub(asked) / 2).Sub(there), nil
}

// CheckSkew says what to do if clocks are too far apart.
func CheckSkew(skew time.Duration) error {
	if skew.Abs() <= maxSkew {
		return nil
	}
	where := "ahead of"
	if skew < 0 {
		where = "behind"
	}
	return fmt.Errorf("this machine's clock is %v %s the database server's, and codes are good for seconds: "+
		"let both follow a time server (NTP), then start again", skew.Abs().Round(100*time.Millisecond), where)
}
