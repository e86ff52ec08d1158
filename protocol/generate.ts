/** The files that are made from the schema, as text. */
import { cHeader } from './c-header.js';
import { schemaFaults } from './check-schema.js';
import { decisionNamesHeader, decisionTableHeader } from './decision-c.js';
import { fuzzDictionary } from './fuzz-dictionary.js';
import { protocolPage } from './protocol-page.js';
import type { Protocol } from './schema-types.js';
import { wireModule } from './wire-ts.js';

/**
 * @returns path in the repository → contents
 * @throws Error naming every rule the schema breaks
 */
export const generate = (protocol: Protocol): ReadonlyMap<string, string> => {
  const faults = schemaFaults(protocol);
  if (faults.length > 0) throw new Error(`The protocol's schema is unsound:\n${faults.join('\n')}`);
  return new Map([
    ['driver/include/trustlet_protocol.h', cHeader(protocol)],
    ['driver/core/decision_names.h', decisionNamesHeader()],
    ['driver/core/decision_table.h', decisionTableHeader()],
    ['lib/protocol/wire.ts', wireModule(protocol)],
    ['docs/protocol.md', protocolPage(protocol)],
    ['test/fuzz/trustlet.dict', fuzzDictionary(protocol)],
  ]);
};
