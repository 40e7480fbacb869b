// What is said to students.

/** What to do after a code or ticket was refused, by the error's code. */
const afterRefusal: Record<string, string> = {
  code_wrong: "That code is not right. Look at the screen in the room and try again.",
  code_old: "That code has run out: a new one comes every few seconds. Scan or type the one on the screen now.",
  code_other_session: "That is the code of another session. Check that you are in the right room.",
  ticket_wrong: "That scan belongs to another session. Scan the code on the screen in the room.",
  ticket_old: "Your scan has run out. Scan the code on the screen again.",
  ticket_used: "That scan has already checked somebody in. Scan the code on the screen yourself.",
  too_many_tries: "Too many wrong codes. Wait a moment, then use the one on the screen.",
  unknown_session: "There is no such session. Scan the code on the screen in the room.",
  not_open: "This session is not open for check-in. Ask your teacher.",
};

export const refusalWords = (code: string, otherwise: string): string => afterRefusal[code] ?? otherwise;
