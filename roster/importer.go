package roster

import (
	"context"
	"fmt"
	"time"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/changes"
	"github.com/muster-live/muster/progress"
	"github.com/muster-live/muster/table"
)

// ImportStore is what an import needs of a store.
type ImportStore interface {
	// Current returns all that is so, as of one moment.
	Current(context.Context) (*Current, error)
	// ApplyImport calls decide with all that is so, and does what it returns, in one
	// transaction: if anything fails, decide included, nothing is changed. It raises
	// the roster of the courses touched, ends the sign-ins of those who are locked
	// out, and records what it did as a change set.
	ApplyImport(ctx context.Context, h changes.Header, decide func(*Current) (*ChangeSet, error)) (changes.Result, error)

	table.ColumnStore
}

// Importer brings bundles into a store. Make one with NewImporter.
type Importer struct {
	store   ImportStore
	now     func() time.Time
	changed func(changes.Result)
}

// NewImporter returns an importer. The function changed, if it is not nil, is called
// with what each import that has been applied did, so that boards can show the courses
// it touched and those it locked out are disconnected.
func NewImporter(store ImportStore, now func() time.Time, changed func(changes.Result)) *Importer {
	if changed == nil {
		changed = func(changes.Result) {}
	}
	return &Importer{store: store, now: now, changed: changed}
}

// Preview returns what applying the bundle would do now.
func (im *Importer) Preview(ctx context.Context, b *Bundle) (*ChangeSet, error) {
	progress.Of(ctx).Step("comparing them with the roster", progress.Rows, 0)
	cur, err := im.store.Current(ctx)
	if err != nil {
		return nil, err
	}
	return Diff(b, cur), nil
}

// Rows calls each with every row of what applying the bundle would do now.
func (im *Importer) Rows(ctx context.Context, b *Bundle, each func(ChangeRow)) (*ChangeSet, error) {
	cur, err := im.store.Current(ctx)
	if err != nil {
		return nil, err
	}
	return DiffRows(b, cur, each), nil
}

// Application says how a bundle is to be applied.
type Application struct {
	Title string // what people call the import, such as the name of its file
	By    attendance.Author
	Job   int64 // the job that does it, see [changes.Header]
	// Digest is that of the preview that somebody has agreed to; empty: whatever it
	// does now.
	Digest string
	// AllowRejects has the rest applied if rows are rejected.
	AllowRejects bool
	// Decided, if it is not nil, is called within the transaction, with what it does. Its
	// error keeps that from being done.
	Decided func(*ChangeSet) error
}

// Apply does all that the bundle says, or nothing. It returns an [attendance.Error]
// with CodeConflict if that is no longer what was previewed, or if rows are rejected
// and this is not allowed; with the change set, so that it can be shown.
func (im *Importer) Apply(ctx context.Context, b *Bundle, a Application) (*ChangeSet, error) {
	progress.Of(ctx).Step("comparing them with the roster", progress.Rows, 0)
	var cs *ChangeSet
	h := changes.Header{Kind: changes.Import, Title: a.Title, Actor: a.By.Person, From: a.By.From, At: im.now(), Job: a.Job}
	result, err := im.store.ApplyImport(ctx, h, func(cur *Current) (*ChangeSet, error) {
		cs = Diff(b, cur)
		switch {
		case a.Digest != "" && a.Digest != cs.Digest:
			return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "digest", Message: "The roster has changed since the preview. Look at it again."}
		case cs.Counts.Rejects > 0 && !a.AllowRejects:
			return nil, &attendance.Error{Code: attendance.CodeConflict, Field: "allow_rejects",
				Message: fmt.Sprintf("%s rejected, so nothing was imported. Correct the files, or allow rejects to import the rest.", rowsAre(cs.Counts.Rejects))}
		}
		if a.Decided != nil {
			return cs, a.Decided(cs)
		}
		return cs, nil
	})
	if err != nil {
		return cs, err
	}
	im.changed(result)
	if b.Columns != nil {
		return cs, table.Remember(ctx, im.store, b.Columns.Fingerprint, b.Columns.Mapping, im.now())
	}
	return cs, nil
}

func rowsAre(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}
