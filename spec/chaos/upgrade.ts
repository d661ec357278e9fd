import { get } from '../support/cluster/http.js';
import type { MemberProcess } from '../support/cluster/member.js';
import { type EtcdProgram, LINES, programOf } from '../support/cluster/releases.js';

/**
 * Writes after which a member makes a snapshot: the guarded writes of some seconds. A member of 3.6 ends when it has to
 * replay what 3.4 has written ("detected disallowed v2 WAL"), and one of 3.7 what 3.5 has written ("unmarshal should
 * never fail"), so each member must have made a snapshot on each line.
 */
const SNAPSHOT_EVERY = 50;

/**
 * A rolling upgrade under faults: members come back as the next line of etcd, one after the other. The next line begins
 * when the cluster as a whole has come to the line before, because etcd takes one line at a time.
 */
export class Upgrade {
  readonly #programs: readonly EtcdProgram[];
  readonly #say: (line: string) => void;
  /** The place of each member in `#programs`. */
  readonly #places = new Map<MemberProcess, number>();

  private constructor(programs: readonly EtcdProgram[], say: (line: string) => void) {
    this.#programs = programs;
    this.#say = say;
  }

  /** @throws when a line is not on this machine */
  static async find(say: (line: string) => void): Promise<Upgrade> {
    const programs = await Promise.all(LINES.map(programOf));
    say(`from etcd ${programs.map(({ version }) => version).join(' to ')}, member by member`);
    return new Upgrade(programs, say);
  }

  /** The flags of all members. */
  get flags(): readonly string[] {
    return [`--snapshot-count=${SNAPSHOT_EVERY}`];
  }

  /** The program with which the cluster starts. */
  get first(): string {
    return this.#programs[0]?.bin ?? '';
  }

  /** Makes a member that is down the next release, if it is its turn. */
  async next(member: MemberProcess, members: readonly MemberProcess[]): Promise<void> {
    const [place, lowest] = [this.#placeOf(member), Math.min(...members.map((each) => this.#placeOf(each)))];
    const program = this.#programs[place + 1];
    if (place !== lowest || program === undefined) return;
    const isFirst = members.every((each) => this.#placeOf(each) === place);
    if (isFirst && !(await this.#hasCome(members, place))) return;
    member.become(program.bin);
    this.#places.set(member, place + 1);
    this.#say(`  ${member.name} comes back as etcd ${program.version}`);
  }

  /** What has not come to the newest line; undefined when all members have. */
  missing(members: readonly MemberProcess[]): string | undefined {
    const behind = members.filter((member) => this.#placeOf(member) < this.#programs.length - 1);
    if (behind.length === 0) return undefined;
    const told = behind.map((member) => `${member.name} is of etcd ${this.#programs[this.#placeOf(member)]?.version}`);
    return `the upgrade has not come to its end: ${told.join(', ')}; more minutes, or more restarts, are needed`;
  }

  #placeOf(member: MemberProcess): number {
    return this.#places.get(member) ?? 0;
  }

  /** Whether the members have agreed on being of that line. */
  async #hasCome(members: readonly MemberProcess[], place: number): Promise<boolean> {
    const [major, minor] = (this.#programs[place]?.version ?? '').split('.');
    const answers = members.map(async ({ host }) => await get(`${host}/version`, undefined, 1_000));
    const answer = await Promise.any(answers).catch(() => '');
    return answer.includes(`"etcdcluster":"${major}.${minor}.`);
  }
}
