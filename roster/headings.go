package roster

import (
	"strings"

	"github.com/muster-live/muster/attendance"
	"github.com/muster-live/muster/table"
)

// headings are names of columns as they come in exports of student administrations,
// in English, German, French and Spanish, as [table.PlainHeading] writes them.
var headings = map[Field][]string{
	FieldRef: {"ref", "id", "sourcedid", "studentid", "studentnumber", "studentno", "personid", "personnumber", "number", "universityid", "sisid", "sisuserid", "idnumber", "teacherid",
		"matrikel", "matrikelnummer", "matrikelnr", "matnr", "personalnummer", "nummer",
		"numero", "numeroetudiant", "numetudiant", "netudiant", "noetudiant", "matricule", "identifiant", "ine", "codeetudiant",
		"matricula", "nummatricula", "numerodematricula", "expediente", "dni", "nip", "codigo"},
	FieldGiven: {"given", "givenname", "givennames", "first", "firstname", "forename", "forenames", "preferredname",
		"vorname", "vornamen", "rufname", "prenom", "prenoms", "nombre", "nombres", "nombredepila"},
	FieldFamily: {"family", "familyname", "last", "lastname", "surname",
		"nachname", "familienname", "zuname", "nom", "nomdefamille", "nomusuel", "apellido", "apellidos"},
	FieldName: {"name", "fullname", "displayname", "student", "studentname", "person",
		"vollername", "vollstandigername", "nameundvorname", "namevorname", "nachnamevorname", "studierende", "studierender",
		"nomprenom", "nometprenom", "nomcomplet", "etudiant",
		"nombrecompleto", "nombreyapellidos", "apellidosynombre", "apellidosnombre", "alumno", "estudiante"},
	FieldEmail: {"email", "emailaddress", "mail", "studentemail", "teacheremail", "uniemail",
		"emailadresse", "mailadresse", "adressemail", "adresseemail", "adresseelectronique", "courriel", "mel",
		"correo", "correoelectronico", "direcciondecorreo"},
	FieldUsername: {"username", "user", "userid", "login", "loginid", "sisloginid", "account", "netid",
		"benutzername", "benutzerkennung", "kennung", "anmeldename", "nutzername", "unikennung",
		"nomdutilisateur", "utilisateur", "usuario", "nombredeusuario"},
	FieldRole: {"role", "roles", "rolle", "funktion", "rol", "papel", "fonction", "funcion"},
}

// GuessMapping guesses from the headings which column holds which field. A column
// "name" beside one for the given name is taken for the family name.
func GuessMapping(columns []string) Mapping {
	m := make(Mapping)
	for _, field := range allFields {
		best := -1 // the earlier in the list, the surer
		for _, column := range columns {
			plain := table.PlainHeading(column)
			for rank, known := range headings[field] {
				if plain == known && (best < 0 || rank < best) {
					m[field], best = column, rank
				}
			}
		}
	}
	if _, ok := m[FieldName]; ok && m[FieldGiven] != "" {
		if m[FieldFamily] == "" {
			m[FieldFamily] = m[FieldName]
		}
		delete(m, FieldName)
	}
	return m
}

// roleWords are the words for roles, as [table.PlainHeading] writes them.
var roleWords = map[attendance.Role][]string{
	attendance.Student: {"student", "students", "learner", "participant", "studentin", "studierende", "studierender", "schuler", "schulerin", "teilnehmer", "teilnehmerin",
		"etudiant", "etudiante", "eleve", "estudiante", "alumno", "alumna"},
	attendance.Assistant: {"assistant", "aide", "ta", "teachingassistant", "tutor", "assistent", "assistentin", "tutorin", "hilfskraft",
		"assistante", "tuteur", "tutrice", "asistente", "ayudante", "tutora"},
	attendance.Teacher: {"teacher", "instructor", "lecturer", "professor", "faculty", "lehrer", "lehrerin", "dozent", "dozentin", "lehrperson", "professorin",
		"enseignant", "enseignante", "professeur", "professeure", "profesor", "profesora", "docente"},
}

// parseRole returns the role that a word names; an empty one names none.
func parseRole(word string) (attendance.Role, bool) {
	plain := table.PlainHeading(word)
	if plain == "" {
		return attendance.NoRole, strings.TrimSpace(word) == ""
	}
	for role, words := range roleWords {
		for _, w := range words {
			if w == plain {
				return role, true
			}
		}
	}
	return attendance.NoRole, false
}
