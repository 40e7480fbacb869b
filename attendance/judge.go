package attendance

// judged reports whether a check-in of the student made the line, or a rule that was
// changed afterwards judged that check-in.
func (e Entry) judged(p PersonID) bool {
	return e.Source == ByCode || e.Source == ByCard || e.Source == ByRule && e.Actor == p && e.Mark != Excused
}

// judgeAgain has the marks of the command's students follow, where they checked in, from the
// course's rules as these are now, and, if the command says what closing does now, the marks that closing filled in
// or left out. What a person or an excuse set stays.
func (d *decision) judgeAgain() {
	s := &d.state.Session
	if s.Status == Scheduled {
		return
	}
	for _, m := range d.command.Marks {
		p := m.Person
		e, enrolled := d.state.Students[p]
		if !enrolled {
			continue
		}
		at, in := d.state.CheckIns[p]
		switch {
		case e.judged(p) && in:
			if m := d.state.Rules.Judge(at.Sub(s.LateFrom())); m != e.Mark {
				d.mark(p, Entry{Mark: m, Source: ByRule, Actor: p})
			}
		case s.Status != Closed || d.command.Unset == nil:
		case e.Mark == Unset && *d.command.Unset == MarkAbsent:
			d.mark(p, Entry{Mark: Absent, Source: ByRule})
		case e.absentByRule() && *d.command.Unset == LeaveUnset:
			d.mark(p, Entry{Mark: Unset, Source: ByRule})
		}
	}
}

// NeedsCheckIns reports whether commands ask when students checked in.
func NeedsCheckIns(cmds []Command) bool {
	for i := range cmds {
		if cmds[i].Kind == JudgeAgain {
			return true
		}
	}
	return false
}
