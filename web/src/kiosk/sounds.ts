// Short tones, so that who holds a card need not look up.

export type Tone = "good" | "late" | "bad";

const notes: Record<Tone, [hertz: number, seconds: number][]> = {
  good: [
    [660, 0.09],
    [990, 0.14],
  ],
  late: [
    [660, 0.12],
    [660, 0.12],
  ],
  bad: [[180, 0.45]],
};

let context: AudioContext | undefined;

/** play sounds a tone, if the browser lets us: it does once a key was pressed. */
export function play(tone: Tone): void {
  try {
    context ??= new AudioContext();
    void context.resume();
    let at = context.currentTime;
    for (const [hertz, seconds] of notes[tone]) {
      const oscillator = context.createOscillator();
      const volume = context.createGain();
      oscillator.frequency.value = hertz;
      oscillator.type = tone === "bad" ? "square" : "sine";
      volume.gain.setValueAtTime(tone === "bad" ? 0.08 : 0.25, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
      oscillator.connect(volume).connect(context.destination);
      oscillator.start(at);
      oscillator.stop(at + seconds);
      at += seconds;
    }
  } catch {
    // No sound here.
  }
}
