// What the page does before its script is there, written into the page itself. It asks for
// the script once everything has been painted, and sends the form by a request of its own:
// on a slow line its answer is there long before another page would be.

/** The addresses of the script and of what it needs. */
declare const __SCRIPTS__: string[];

function load(): void {
  // A page may be left meanwhile.
  for (const script of __SCRIPTS__) import(/* @vite-ignore */ script).catch(() => {});
}

async function send(form: HTMLFormElement): Promise<void> {
  const section = document.querySelector(".answer")!;
  const says = section.querySelector(".big")!;
  const fields = Object.fromEntries(new FormData(form)) as { id: string; ticket?: string; code?: string };
  form.dataset.early = "sent"; // so takeover.ts knows
  form.style.display = "none";
  says.textContent = "Checking you in…";
  let answer: Response | undefined;
  try {
    answer = await fetch(`/api/v1/sessions/${location.pathname.split("/")[2]}/commands`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ t: "check_in", ...fields, code: fields.code?.replace(/\s/g, "") }),
    });
  } catch {
    // Lost on the way.
  }
  const mark = answer?.ok && ((await answer.json().catch(() => ({}))) as { mark?: string }).mark;
  if (!form.isConnected) return; // the script has taken over, and sent it as well
  if (mark === "present" || mark === "late") {
    form.dataset.early = "done";
    section.className = `answer ${mark} marked`;
    says.textContent = mark === "late" ? "You're late, but here" : "You're present";
  } else if (answer) {
    form.submit(); // the page that comes says why not
  } else {
    form.dataset.early = "";
    form.style.display = "";
    says.textContent = "That did not get through. Try again.";
  }
}

const form = document.querySelector<HTMLFormElement>("form.check-in");
if (form)
  form.onsubmit = (e) => {
    e.preventDefault();
    void send(form);
  };
if (document.hidden) load();
else requestAnimationFrame(() => setTimeout(load));
