// The roster as the student office gives it out: a OneRoster bundle, a zip.

import { iso, weeks, day, type Student, type Term } from "./term";

const stamp = "2026-01-01T00:00:00.000Z";

export function bundle(term: Term, members: Student[]): Buffer {
  const people: [Student, string][] = [
    [{ ref: "t1", given: "Grace", family: "Hopper", from: 1, until: weeks }, "teacher"],
    ...members.map((s): [Student, string] => [s, "student"]),
  ];
  const last = iso(term.monday + (weeks * 7 - 3) * day);
  const names = ["academicSessions", "classes", "courses", "enrollments", "orgs", "users"];
  const files: Record<string, string[]> = {
    "manifest.csv": ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1", ...names.map((n) => `file.${n},bulk`)],
    "academicSessions.csv": [
      "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
      `a1,active,${stamp},The term,term,${iso(term.monday)},${last},,2027`,
    ],
    "orgs.csv": ["sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId", `o1,active,${stamp},The school,school,,`],
    "courses.csv": ["sourcedId,status,dateLastModified,title,courseCode", `c1,active,${stamp},Algorithms,CS101`],
    "classes.csv": [
      "sourcedId,status,dateLastModified,title,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds",
      `k1,active,${stamp},Algorithms,c1,CS101,scheduled,Hall 1,o1,a1`,
    ],
    "users.csv": [
      "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,identifier,email",
      ...people.map(
        ([s, role]) => `${s.ref},active,${stamp},true,o1,${role},u${s.ref},${s.given},${s.family},${s.ref},u${s.ref}@example.edu`,
      ),
    ],
    "enrollments.csv": [
      "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
      ...people.map(([s, role]) => `e${s.ref},active,${stamp},k1,o1,${s.ref},${role},,,`),
    ],
  };
  return zip(Object.entries(files).map(([name, lines]) => [name, Buffer.from(lines.join("\n") + "\n")]));
}

const table = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

function crc32(data: Buffer): number {
  let c = 0xffffffff;
  for (const byte of data) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A zip of files that are stored as they are. */
function zip(files: [string, Buffer][]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8); // 1980-01-01
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), data);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(offset, 10);
    central.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, end, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06", "latin1"), end]);
}
