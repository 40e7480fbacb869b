package demo

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// classSize is how many people a class of a district has, its teacher included.
const classSize = 30

// WriteDistrict writes a OneRoster bundle, as a zip, of a district with so many people
// and enrolments: with the columns that such bundles have, also those that muster does
// not keep. The same numbers make the same district.
func WriteDistrict(w io.Writer, people, enrolments int) error {
	if people < 2*classSize || enrolments < classSize {
		return fmt.Errorf("a district has at least %d people and %d enrolments", 2*classSize, classSize)
	}
	d := &district{zip: zip.NewWriter(w), teachers: people / 20, people: people, enrolments: enrolments, rng: rand.New(rand.NewPCG(4, 2026))}
	d.file("manifest.csv", func(line func(string, ...any)) {
		line("propertyName,value\nmanifest.version,1.0\noneroster.version,1.1")
		for _, name := range []string{"academicSessions", "classes", "courses", "enrollments", "orgs", "users"} {
			line("file.%s,bulk", name)
		}
	})
	d.file("academicSessions.csv", func(line func(string, ...any)) {
		line("sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear")
		line("y1,active,2026-08-01T00:00:00.000Z,Year 2026/27,term,2026-08-01,2027-06-30,,2027")
	})
	d.file("orgs.csv", func(line func(string, ...any)) {
		line("sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nd1,active,,The District,district,,")
	})
	d.file("courses.csv", func(line func(string, ...any)) {
		line("sourcedId,status,dateLastModified,title,courseCode\nk1,active,,Everything,ALL")
	})
	d.file("classes.csv", d.writeClasses)
	d.file("users.csv", d.writeUsers)
	d.file("enrollments.csv", d.writeEnrolments)
	if d.err != nil {
		return d.err
	}
	return d.zip.Close()
}

// district is a district that is being written. After the first error nothing more is.
type district struct {
	zip                          *zip.Writer
	teachers, people, enrolments int
	rng                          *rand.Rand
	err                          error
}

// file writes a file, line by line.
func (d *district) file(name string, write func(line func(format string, args ...any))) {
	if d.err != nil {
		return
	}
	var f io.Writer
	if f, d.err = d.zip.Create(name); d.err != nil {
		return
	}
	b := bufio.NewWriterSize(f, 1<<16)
	write(func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) })
	d.err = b.Flush()
}

func (d *district) writeClasses(line func(string, ...any)) {
	line("sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods")
	for i := range (d.enrolments + classSize - 1) / classSize {
		line("class-%d,active,2026-08-01T00:00:00.000Z,Class %d of everything,9,k1,C%d,scheduled,Room %d,d1,y1,,,%d", i, i, i, i%300, i%8+1)
	}
}

func (d *district) writeUsers(line func(string, ...any)) {
	line("sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password")
	for i := range d.people {
		role := "student"
		if i < d.teachers {
			role = "teacher"
		}
		l := languages[d.rng.IntN(len(languages))]
		given, family := strings.Fields(l[0]), strings.Fields(l[1])
		line("%s,active,2026-08-01T00:00:00.000Z,true,d1,%s,user%d,{SIS:%d},%s,%s,,%d,user%d@district.example,,,,9,secret%d",
			personID(i), role, i, i, given[d.rng.IntN(len(given))], family[d.rng.IntN(len(family))], i, i, i)
	}
}

// writeEnrolments gives each class a teacher and the students who are next.
func (d *district) writeEnrolments(line func(string, ...any)) {
	line("sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate")
	next := 0
	for i := range d.enrolments {
		class, person, role := i/classSize, (i/classSize)%d.teachers, "teacher"
		if i%classSize != 0 {
			person, role = d.teachers+next%(d.people-d.teachers), "student"
			next++
		}
		line("enrolment-%d,active,2026-08-01T00:00:00.000Z,class-%d,d1,%s,%s,,,", i, class, personID(person), role)
	}
}

func personID(i int) string { return fmt.Sprintf("person-%06d", i) }
