/** What the fields of a timetable in a table are called. */
export const fieldWords: Record<string, string> = {
  course: "Course",
  date: "Date",
  time: "Time (10:15–11:45)",
  start: "Start",
  end: "End",
  duration: "Duration in minutes",
  title: "Title",
  location: "Place",
  auto_open: "Opens by itself",
  auto_close: "Closes by itself",
  late_after: "Late after (minutes)",
  on_close: "On closing",
  status: "Cancelled",
  ref: "Reference",
};
