// What the page does before its script is there, written into the page itself. It asks for
// the script once everything has been painted, and sends the form by a request of its own:
// on a slow line its answer is there long before another page would be.
//
// How far that is stands in the form's data-early, for takeover.ts: "sent"; the answer, as
// JSON, once it has checked in; "left" if another page is on its way; empty if it is as before.

/** The addresses of the script and of what it needs. */
declare const __SCRIPTS__: string[];

const answerWithin = 15_000; // ms

// ms after the first frame in which the script is not asked for: a tap that is quick is sent
// over the connection that the page came by, for which it would else wait, and no script
// that is in the cache keeps a slow processor from it.
const beforeScript = 150;

function load(): void {
  // A page may be left meanwhile.
  for (const script of __SCRIPTS__) import(/* @vite-ignore */ script).catch(() => {});
}

async function send(form: HTMLFormElement): Promise<void> {
  const section = document.querySelector(".answer")!;
  const says = section.querySelector(".big")!;
  const said = says.textContent;
  const fields = Object.fromEntries(new FormData(form)) as { id: string; ticket?: string; code?: string };
  const code = fields.code?.replace(/\s/g, "");
  document.querySelector(".refusal")?.remove();
  form.dataset.early = "sent";
  form.style.display = "none";
  says.textContent = "Checking you in…";

  let answer: Response | undefined;
  let told: { mark?: string; detail?: string } = {};
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), answerWithin);
  try {
    answer = await fetch(`/api/v1/sessions/${location.pathname.split("/")[2]}/commands`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ t: "check_in", ...fields, code }),
      signal: giveUp.signal,
    });
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
  } else if (code && told.detail && answer.status === 422) {
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
    void send(form);
  };
  addEventListener("pageshow", (e) => {
    if (e.persisted && form.dataset.early === "left") location.reload();
  });
}
if (document.hidden) load();
else requestAnimationFrame(() => setTimeout(load, beforeScript));
