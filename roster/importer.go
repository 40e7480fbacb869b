package roster

import (
	"context"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
)

// ImportStore is what an import needs of a store.
type ImportStore interface {
	// Current returns all that is so, as of one moment.
	Current(context.Context) (*Current, error)
	// ApplyImport calls decide with all that is so, and does what it returns, in one
	// transaction: if anything fails, decide included, nothing is changed. It raises
	// the roster of the courses touched, ends the sign-ins of those who are locked
	// out, and says in the audit what the actor (0: the program itself) did.
	ApplyImport(ctx context.Context, actor attendance.PersonID, now time.Time, decide func(*Current) (*ChangeSet, error)) error
}

// Importer brings bundles into a store. Make one with NewImporter.
type Importer struct {
	store   ImportStore
	now     func() time.Time
	changed func(*ChangeSet)
}

// NewImporter returns an importer. The function changed, if it is not nil, is called
// with each change set that has been applied, so that boards can show the courses it
// touched and those it locked out are disconnected. It must not block.
func NewImporter(store ImportStore, now func() time.Time, changed func(*ChangeSet)) *Importer {
	if changed == nil {
		changed = func(*ChangeSet) {}
	}
	return &Importer{store: store, now: now, changed: changed}
}

// Preview returns what applying the bundle would do now.
func (im *Importer) Preview(ctx context.Context, b *Bundle) (*ChangeSet, error) {
	cur, err := im.store.Current(ctx)
	if err != nil {
		return nil, err
	}
	return Diff(b, cur), nil
}

// Application says how a bundle is to be applied.
type Application struct {
	Actor attendance.PersonID // 0: the program itself
	// Digest is that of the preview that somebody has agreed to; empty: whatever it
	// does now.
	Digest string
	// AllowRejects has the rest applied if rows are rejected.
	AllowRejects bool
}

// Apply does all that the bundle says, or nothing. It returns an [attendance.Error]
// with CodeConflict if that is no longer what was previewed, or if rows are rejected
// and this is not allowed; with the change set, so that it can be shown.
func (im *Importer) Apply(ctx context.Context, b *Bundle, a Application) (*ChangeSet, error) {
	var cs *ChangeSet
	err := im.store.ApplyImport(ctx, a.Actor, im.now(), func(cur *Current) (*ChangeSet, error) {
		cs = Diff(b, cur)
		switch {
		case a.Digest != "" && a.Digest != cs.Digest:
			return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "digest", Message: "The roster has changed since the preview. Look at it again."}
		case cs.Counts.Rejects > 0 && !a.AllowRejects:
			return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "allow_rejects",
				Message: fmt.Sprintf("%s rejected, so nothing was imported. Correct the files, or allow rejects to import the rest.", rowsAre(cs.Counts.Rejects))}
		}
		return cs, nil
	})
	if err != nil {
		return cs, err
	}
	im.changed(cs)
	return cs, nil
}

func rowsAre(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}
