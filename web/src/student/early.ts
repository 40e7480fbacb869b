// What the page does before its script is there, written into the page itself. It asks for
// the script once everything has been painted, and shows the icon, which a slow processor
// would else draw before it heeds the first tap. It sends the form by a request of its own: on
// a slow line its answer is there long before another page would be.
//
// How far that is stands in the form's data-early, for takeover.ts: "sent"; the answer, as
// JSON, once it has checked in; "left" if another page is on its way; empty if it is as before.

/** The addresses of the script and of what it needs. */
declare const __SCRIPTS__: string[];
/** The icon, as an address that holds all of it. */
declare const __ICON__: string;

const answerWithin = 15_000; // ms

// ms after the first frame in which the script is not asked for: a tap that is quick is sent
// over the connection that the page came by, for which it would else wait, and no script
// that is in the cache keeps a slow processor from it.
const beforeScript = 150;

function load(): void {
  document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href = __ICON__;
  // A page may be left meanwhile.
  for (const script of __SCRIPTS__) import(/* @vite-ignore */ script).catch(() => {});
}

/** Sends what the form holds, and only then sees to the page: a slow processor takes its time. */
function send(form: HTMLFormElement): void {
  const fields = Object.fromEntries(new FormData(form)) as { id: string; ticket?: string; code?: string };
  const code = fields.code?.replace(/\s/g, "");
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), answerWithin);
  const sent = fetch(`/api/v1/sessions/${location.pathname.split("/")[2]}/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ t: "check_in", ...fields, code }),
    signal: giveUp.signal,
  });
  void show(form, sent, !!code);
}

async function show(form: HTMLFormElement, sent: Promise<Response>, typed: boolean): Promise<void> {
  const section = document.querySelector(".answer")!;
  const says = section.querySelector(".big")!;
  const said = says.textContent;
  document.querySelector(".refusal")?.remove();
  form.dataset.early = "sent";
  form.style.display = "none";
  says.textContent = "Checking you in…";

  let answer: Response | undefined;
  let told: { mark?: string; detail?: string } = {};
  try {
    answer = await sent;
    told = (await answer.json()) as typeof told;
  } catch {
    // Lost on the way.
  }
  if (!form.isConnected) return; // the script has taken over, and sent it as well

  const again = (words: string | null) => {
    form.dataset.early = form.style.display = "";
    says.textContent = words;
  };
  if (told.mark === "present" || told.mark === "late") {
    form.dataset.early = JSON.stringify(told);
    form.reset(); // or the digits would be sent once more, if the mark is taken back
    section.className = `answer ${told.mark} marked`;
    section.querySelector(".sign")?.remove();
    says.textContent = told.mark === "late" ? "You're late, but here" : "You're present";
    form.dispatchEvent(new Event("answered"));
  } else if (!answer || answer.status === 429 || answer.status >= 500) {
    again("That did not get through. Try again.");
  } else if (typed && told.detail && answer.status === 422) {
    again(said);
    form.reset();
    const refusal = document.createElement("p");
    refusal.className = "refusal";
    refusal.setAttribute("role", "alert");
    refusal.textContent = told.detail;
    form.parentElement!.after(refusal);
  } else {
    form.dataset.early = "left";
    form.submit(); // the page that comes says why not, and what to do
  }
}

const form = document.querySelector<HTMLFormElement>("form.check-in");
if (form) {
  form.onsubmit = (e) => {
    e.preventDefault();
    send(form);
  };
  addEventListener("pageshow", (e) => {
    if (e.persisted && form.dataset.early === "left") location.reload();
  });
}
if (document.hidden) load();
else requestAnimationFrame(() => setTimeout(load, beforeScript));
