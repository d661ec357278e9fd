/** The output of one of several that speak at the same time. */
export interface Voice {
  print(text: string): void;
  /** It says nothing more. */
  end(): void;
}

interface Held extends Voice {
  text: string;
  isOver: boolean;
}

/**
 * Keeps apart what several say at the same time. The first of them is heard at once. The others are held back until it
 * has ended: then those that have ended too are heard in whole, and the one that began before the others is the next to
 * be heard at once.
 */
export class OutputTurns {
  readonly #print: (text: string) => void;
  /** In the order in which they began. */
  readonly #voices: Held[] = [];

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  begin(): Voice {
    const voice: Held = {
      text: '',
      isOver: false,
      print: (text) => {
        if (this.#voices[0] === voice) this.#print(text);
        else voice.text += text;
      },
      end: () => {
        voice.isOver = true;
        if (this.#voices[0] === voice) this.#next();
      },
    };
    this.#voices.push(voice);
    return voice;
  }

  #next(): void {
    const over = this.#voices.filter(({ isOver }) => isOver);
    const others = this.#voices.filter(({ isOver }) => !isOver);
    this.#voices.splice(0, this.#voices.length, ...others);
    const [first] = others;
    for (const voice of first === undefined ? over : [...over, first]) {
      this.#print(voice.text);
      voice.text = '';
    }
  }
}
