/** The other process of remote.ts: `node answerer.js ntdll|emulator <size> <libntsim.so>`, forked. */
import { emulatorAnswers, ntdllAnswers } from './answerers.js';
import { contenderOf } from './calls.js';
import { crowdOf } from './crowd.js';
import type { Answer, Question } from './remote.js';
import type { Contender } from './rounds.js';

const [who, size, library = ''] = process.argv.slice(2);
const crowd = crowdOf(Number(size));
const answerer = who === 'ntdll' ? ntdllAnswers(library, crowd) : emulatorAnswers(crowd);
const contenders = new Map<string, Contender>();

const answer = async ({ call, calls }: Question): Promise<Answer> => {
  const key = JSON.stringify(call);
  const contender = contenders.get(key) ?? contenderOf(answerer.vsm, crowd, call);
  contenders.set(key, contender);
  try {
    return { elapsed: await contender.time(calls) };
  } catch (error) {
    return { error: String(error) };
  }
};

process.on('message', (question: Question) => {
  void answer(question).then((told) => process.send?.(told));
});
process.once('disconnect', () => answerer.end());
