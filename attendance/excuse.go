package attendance

// Excuse says why a student need not come to a session.
type Excuse struct {
	Reason string
	By     PersonID // who excused them; 0: the program itself
	Status string   // which status of excused; empty: excused itself
}

func (x Excuse) entry() Entry {
	return Entry{Mark: Excused, Source: ByRule, Actor: x.By, Note: x.Reason, Status: x.Status}
}

// NeedsExcuses reports whether commands ask who is excused from the session.
func NeedsExcuses(cmds []Command) bool {
	for i := range cmds {
		switch cmds[i].Kind {
		case OpenSession, CloseSession, FollowExcuses:
			return true
		}
	}
	return false
}

// excuse marks a student who is excused, unless a person or a check-in has marked them.
func (d *decision) excuse(p PersonID, e Entry) {
	x, excused := d.state.Excuses[p]
	want := x.entry()
	switch {
	case !excused || e.Mark != Unset && !e.absentByRule() && !e.excusedByRule():
	case e.Marking() == want.Marking() && e.Note == want.Note && e.Actor == want.Actor:
	default:
		d.mark(p, want)
	}
}

// followExcuses has the marks of the command's students follow from their excuses as
// these are now, so that giving an excuse and withdrawing it are the same command. A
// mark that an excuse set and that none stands for any more becomes what it would have
// been: none, or absent once the session is closed.
func (d *decision) followExcuses() {
	if d.state.Session.Status == Scheduled {
		return // opening it asks
	}
	for _, m := range d.command.Marks {
		e, enrolled := d.state.Students[m.Person]
		if !enrolled {
			continue
		}
		if _, excused := d.state.Excuses[m.Person]; excused {
			d.excuse(m.Person, e)
			continue
		}
		if !e.excusedByRule() {
			continue
		}
		was := Entry{Mark: Unset, Source: ByRule}
		if d.state.Session.Status == Closed && d.state.Rules.OnClose == MarkAbsent {
			was.Mark = Absent
		}
		d.mark(m.Person, was)
	}
}

// excusedByRule reports whether an excuse filled the line in.
func (e Entry) excusedByRule() bool { return e.Mark == Excused && e.Source == ByRule }
