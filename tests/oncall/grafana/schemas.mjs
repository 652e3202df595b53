// Makes JSON Schemas of Grafana's own types (@grafana/schema) and writes them to one file:
//
//   node schemas.mjs NODE_MODULES OUTPUT stat timeseries …
//
// { dashboard, panels: { KIND: { options, custom } } }
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [modules, output, ...kinds] = process.argv.slice(2);
const { createGenerator } = createRequire(path.resolve(modules, 'x.js'))('ts-json-schema-generator');
const types = path.resolve(modules, '@grafana/schema/dist/types/raw');

function schema(file, type) {
  const generator = createGenerator({ path: path.join(types, file), type, skipTypeCheck: true });
  return generator.createSchema(type);
}

const panels = {};
for (const kind of kinds) {
  const file = `composable/${kind.replace('-', '')}/panelcfg/x/types.gen.d.ts`;
  // Some panels have no field options of their own; the name would then lead to Grafana's common ones.
  const own = readFileSync(path.join(types, file), 'utf8').includes('interface FieldConfig');
  const custom = own ? schema(file, 'FieldConfig') : { type: 'object', additionalProperties: false };
  panels[kind] = { options: schema(file, 'Options'), custom };
}
writeFileSync(output, JSON.stringify({ dashboard: schema('dashboard/x/types.gen.d.ts', 'Dashboard'), panels }));
