/**
 * `trustlet demo [scenario]`: what is where, what a privileged agent and a driver in VTL0 try, what happens, and what the guard says.
 * Every line is the outcome of a real call on the emulated machine.
 */
import type { Machine } from '../../emulator/machine.js';
import { TrustletError } from '../../errors.js';
import { type Story, tellStory } from '../../pictures/story.js';
import type { ProcessFacts } from '../../types.js';
import type { Vsm } from '../../vsm.js';
import { agentAttempts, driverAttempts } from '../demo/attempts.js';
import { guardedSteps } from '../demo/guarded.js';
import { raceSteps } from '../demo/race.js';
import { closeScene, type Scene, setScene, type Target } from '../demo/scene.js';
import { type DemoStep, perform } from '../demo/step.js';
import { writeStoryPage } from '../demo/story-file.js';
import { storyLines } from '../demo/terminal-pictures.js';
import { ExitCode } from '../exit-code.js';
import { processDocument } from '../json.js';
import { nameText, protectionText } from '../process-text.js';
import { DEFAULT_COLUMNS, documentHead, type Report, seenOn, type View } from '../report.js';
import { type Style, styleOfVerdict } from '../style.js';
import { type Cell, renderTable } from '../table.js';
import { pad, printable, wrap } from '../text.js';

/** How many of the machine's processes are shown before the story begins. */
const SHOWN = 5;
const CALL_WIDTH = 22;

interface Tale {
  /** LSASS, LsaIso and the attacker; null on a machine without LSASS. */
  readonly pictured: Story | null;
  readonly scene: Scene;
  readonly places: readonly ProcessFacts[];
  readonly steps: readonly DemoStep[];
  /** How many operations the guard let reach a trustlet. */
  readonly guardedTouches: number;
}

/** The trustlets, lsass and the two targets, in the list's order. */
const placesOf = ({ vsm, machine, trustlet, ordinary }: Scene): ProcessFacts[] => {
  const wanted = new Set([trustlet?.pid, ordinary?.pid]);
  for (const { label, image, trustlet: isTrustlet, kind } of machine.scenario.processes) {
    if (isTrustlet !== undefined || kind === 'secure-system' || image.toLowerCase() === 'lsass.exe') {
      wanted.add(machine.pidOf(label));
    }
  }
  return [...vsm.census()].filter(({ pid }) => wanted.has(pid));
};

const targetsOf = ({ trustlet, ordinary }: Scene): Target[] => [trustlet, ordinary].filter((target) => target !== null);

const touchesOnTrustlets = (machine: Machine): number => machine.touches.filter((touch) => touch.trustlet).length;

/** The machine is as it was afterwards. */
const pictured = (machine: Machine): Story | null => {
  const before = machine.snapshot();
  try {
    return tellStory(machine);
  } catch (error) {
    if (TrustletError.is(error) && error.code === 'ERR_TRUSTLET_UNSUPPORTED') return null;
    throw error;
  } finally {
    machine.restore(before);
  }
};

const tell = (vsm: Vsm<Machine | undefined>, machine: Machine): Tale => {
  const told = pictured(machine);
  const scene = setScene(vsm, machine);
  const places = placesOf(scene);
  const targets = targetsOf(scene);
  const start = machine.snapshot();
  const tried = targets.flatMap((target) => [
    ...agentAttempts.map((attempt) => perform('agent', attempt, machine, target, start)),
    ...driverAttempts.map((attempt) => perform('driver', attempt, machine, target, start)),
  ]);
  const before = touchesOnTrustlets(machine);
  const guarded = targets.flatMap((target) => guardedSteps(scene, target));
  const guardedTouches = touchesOnTrustlets(machine) - before;
  closeScene(scene);
  return { pictured: told, scene, places, steps: [...tried, ...guarded, ...raceSteps(scene)], guardedTouches };
};

/** Where a process's own memory is, as the emulated machine has it. */
const whereText = (facts: ProcessFacts, machine: Machine): string => {
  const label = machine.scenario.processes.find((entry) => machine.pidOf(entry.label) === facts.pid)?.label;
  return label !== undefined && machine.process(label).trustlet ? 'VTL1' : 'VTL0';
};

const placeLines = ({ places, scene }: Tale, view: View, width: number): string[] => {
  const rows = places
    .slice(0, SHOWN)
    .map((facts): Cell[] => [
      { text: whereText(facts, scene.machine), style: styleOfVerdict(facts.verdict) },
      { text: String(facts.pid) },
      { text: nameText(facts.name) },
      { text: protectionText(facts.protection) },
      { text: `${facts.verdict}, ${facts.reason}`, style: styleOfVerdict(facts.verdict) },
    ]);
  const columns = [
    { heading: 'WHERE' },
    { heading: 'PID', align: 'right' as const },
    { heading: 'NAME', least: 10 },
    { heading: 'PROTECTION' },
    { heading: 'WHAT A QUERY SAYS', least: 10 },
  ];
  const more = places.length > SHOWN ? [view.paint('dim', `… and ${places.length - SHOWN} more`)] : [];
  return [...renderTable(columns, rows, view.paint, width), ...more];
};

const styleOfStep = ({ section, succeeded, trustlet, outcome }: DemoStep): Style => {
  if (section === 'guard' || section === 'race') return outcome.startsWith('refuse') ? 'bad' : 'plain';
  if (!trustlet) return 'plain';
  return succeeded ? 'secure' : 'bad';
};

const SECTIONS = [
  ['agent', 'A user-mode agent with every right it could get:'],
  ['driver', 'A driver in VTL0, no access check before it:'],
  ['guard', 'The same agent, through the guard:'],
] as const;

/** The sections that try the same on both targets, side by side. */
const comparedLines = ({ steps, scene }: Tale, view: View, width: number): string[] => {
  const targets = targetsOf(scene);
  if (targets.length === 0) return ['There is no process here that the demo could act on.'];
  const stepsOf = (section: DemoStep['section'], { pid }: Target): readonly DemoStep[] =>
    steps.filter((step) => step.section === section && step.pid === pid);
  const rowsOf = (section: DemoStep['section']): Cell[][] => {
    const perTarget = targets.map((target) => stepsOf(section, target));
    return (perTarget[0] ?? []).map(({ call }, index) => [
      { text: call },
      ...perTarget
        .flatMap((each) => each[index] ?? [])
        .map((step) => ({ text: step.outcome, style: styleOfStep(step) })),
    ]);
  };
  const columns = [
    { heading: '' },
    ...targets.map(({ name, trustlet }) => ({
      heading: `ON ${printable(name)} (${trustlet ? 'trustlet' : 'ordinary'})`,
      least: 16,
    })),
  ];
  const sections = SECTIONS.map(([section, title]) => ({ title, rows: rowsOf(section) }));
  const [heading = '', ...lines] = renderTable(
    columns,
    sections.flatMap(({ rows }) => rows),
    view.paint,
    width,
  );
  return [
    heading,
    ...sections.flatMap(({ title, rows }) => [view.paint('heading', title), ...lines.splice(0, rows.length)]),
  ];
};

const raceLines = ({ steps }: Tale, view: View, width: number): string[] => [
  view.paint('heading', 'A race: the process exits between check and act, and its pid goes to another:'),
  ...steps
    .filter(({ section }) => section === 'race')
    .flatMap((step) => {
      const said = wrap(printable(`pid ${step.pid} ${step.outcome}`), width - CALL_WIDTH);
      return said.map(
        (part, index) => `${pad(index === 0 ? step.call : '', CALL_WIDTH)}${view.paint(styleOfStep(step), part)}`,
      );
    }),
];

const opening = ({ scene: { machine, vsm, trustlet } }: Tale): string[] => {
  const running = vsm.posture().vsm.running.value;
  const vsmText = { true: 'VSM is on', false: 'VSM is off', null: 'VSM is not known to be on' }[`${running}`];
  return [
    `Emulated machine: ${printable(machine.scenario.title)}`,
    trustlet === null
      ? `${vsmText}, and no trustlet runs: only access control stands between processes.`
      : `${vsmText}: a trustlet’s memory is VTL1’s; kernel, drivers and agents are VTL0.`,
  ];
};

const linesOf = (story: Tale, view: View): string[] => {
  const width = view.columns ?? DEFAULT_COLUMNS;
  const { trustlet } = story.scene;
  return [
    ...opening(story).flatMap((line) => wrap(line, width)),
    '',
    ...(story.pictured === null ? [] : [...storyLines(story.pictured, { ...view, columns: width }), '']),
    ...placeLines(story, view, width),
    '',
    ...comparedLines(story, view, width),
    ...(trustlet === null ? [] : [`Through the guard, ${story.guardedTouches} operations reached a trustlet.`]),
    '',
    ...raceLines(story, view, width),
    '',
    seenOn(story.scene.vsm.backend, { ...view, columns: width }),
  ];
};

/** Without the pages, which are the pictures'. */
const storyDocument = ({ frames, hashWasStolen }: Story): object => ({
  frames: frames.map(({ title, text, attacks }) => ({ title, text, attacks })),
  hashWasStolen,
});

/**
 * @param html where to write the story as a page, undefined for nowhere
 * @throws TrustletError ERR_TRUSTLET_ARGUMENT unless `vsm` is open on an emulated machine, and for a page that cannot be written
 */
export const demoReport = (vsm: Vsm<Machine | undefined>, html?: string): Report => {
  const { machine } = vsm;
  if (machine === undefined) {
    throw new TrustletError(
      'ERR_TRUSTLET_ARGUMENT',
      'The demo acts on processes, so it runs on the emulated machine only.',
    );
  }
  const story = tell(vsm, machine);
  const { name, title } = machine.scenario;
  if (html !== undefined) writeStoryPage(html, story.pictured);
  return {
    exitCode: ExitCode.DONE,
    document: {
      ...documentHead(vsm.backend),
      scenario: name,
      title,
      trustlet: story.scene.trustlet?.pid ?? null,
      ordinary: story.scene.ordinary?.pid ?? null,
      processes: story.places.map(processDocument),
      guardedTouches: story.guardedTouches,
      steps: story.steps,
      story: story.pictured === null ? null : storyDocument(story.pictured),
    },
    lines: (view) => [...linesOf(story, view), ...(html === undefined ? [] : [`The page is in ${printable(html)}.`])],
  };
};
