-- +goose Up

-- record_check_ins records check-ins of one session by students who have no mark yet, and
-- returns the seq of the first. The arrays have an element for each; a body is what of an
-- event is hashed after its session and seq.
--
-- It fails if the session is not open as it is thought to be, or if its course has changed;
-- and by a key, if somebody has a mark, if a command was carried out before or a ticket is
-- used up. Whatever else has been recorded meanwhile changes nothing but the numbers of the
-- events and what they are chained to, which is found under the lock of the session's row.
-- What depends on neither is written before that, so that others wait less.
--
-- Who records in the other way takes that lock first, and may then wait for a mark of ours:
-- neither could go on. So we give up if we do not get the lock in the time it usually takes.
-- +goose StatementBegin
CREATE FUNCTION record_check_ins(
	session bigint, opened bigint, roster bigint, people bigint[], commands text[], tickets text[],
	its_marks text[], statuses text[], sources text[], origins text[], ats bigint[], bodies bytea[]
) RETURNS bigint LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
#variable_conflict use_variable
DECLARE
	last bigint;
	hash bytea;
	course bigint;
	body bytea;
	first bigint;
BEGIN
	INSERT INTO used_tickets (session_id, ticket, person_id)
		SELECT session, r.ticket, r.person FROM unnest(tickets, people) r (ticket, person) WHERE r.ticket <> '';
	INSERT INTO marks (session_id, person_id, mark, at, source, actor_id, note, status)
		SELECT session, r.person, r.mark, r.at, r.source, r.person, '', r.status
		FROM unnest(people, ats, its_marks, sources, statuses) r (person, at, mark, source, status);

	SELECT s.seq, coalesce(s.chain, ''), s.course_id INTO last, hash, course FROM sessions s
		WHERE s.id = session AND s.status = 'open' AND s.opened_at = opened FOR NO KEY UPDATE;
	-- A statement of its own, so that it sees what was changed while the other one waited.
	PERFORM FROM courses c WHERE c.id = course AND c.roster = roster;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'session % or its course is not as it was', session;
	END IF;
	first := last + 1;
	FOREACH body IN ARRAY bodies LOOP
		last := last + 1;
		hash := sha256(hash || int8send(session) || int8send(last) || body);
	END LOOP;
	UPDATE sessions SET seq = last, chain = hash WHERE id = session;
	INSERT INTO events (session_id, seq, at, kind, person_id, mark, source, actor_id, note, status, came_from)
		SELECT session, first + r.n - 1, r.at, 'mark', r.person, r.mark, r.source, r.person, '', r.status, r.came_from
		FROM unnest(people, ats, its_marks, sources, statuses, origins) WITH ORDINALITY r (person, at, mark, source, status, came_from, n);
	INSERT INTO commands (session_id, actor_id, command_id, from_seq, to_seq, mark, at, source)
		SELECT session, r.person, r.command, first + r.n - 1, first + r.n - 1, r.mark, r.at, r.source
		FROM unnest(people, commands, ats, its_marks, sources) WITH ORDINALITY r (person, command, at, mark, source, n);
	RETURN first;
END $$;
-- +goose StatementEnd
