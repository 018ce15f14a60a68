import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// @ts-expect-error -- this entry of the package has no types
import { cli } from '@custom-elements-manifest/analyzer/cli.js';
import { format, resolveConfig } from 'prettier';

/**
 * `npm run manifest` writes what is generated from the elements' comments and types: custom-elements.json for editors,
 * docs/elements/ for people. With `--check` it writes nothing, and fails when a file is not what it would write.
 */
const ROOT = join(import.meta.dirname, '..');

interface Item {
  readonly name: string;
  readonly description?: string;
  readonly default?: string;
  readonly type?: { readonly text: string };
}

interface Declaration extends Item {
  readonly tagName?: string;
  readonly members: readonly (Item & { readonly attribute?: string })[];
  readonly attributes?: readonly (Item & { readonly fieldName: string })[];
  readonly events?: readonly Item[];
  readonly slots?: readonly Item[];
  readonly cssParts?: readonly Item[];
  readonly cssProperties?: readonly Item[];
  readonly cssStates?: readonly Item[];
}

interface Manifest {
  readonly modules: readonly { readonly declarations: readonly Declaration[] }[];
}

const analyze = cli as (run: { argv: string[]; cwd: string; noWrite: boolean }) => Promise<Manifest>;

/** Every generated file, by its path from the root. */
async function generate(): Promise<ReadonlyMap<string, string>> {
  const manifest = await analyze({ argv: ['analyze'], cwd: ROOT, noWrite: true });
  const declarations = manifest.modules.flatMap((module) => module.declarations);
  const elements = declarations.filter(({ tagName }) => tagName);
  const files = new Map([['custom-elements.json', `${JSON.stringify(manifest, null, 2)}\n`]]);
  for (const element of elements) {
    files.set(`docs/elements/${element.tagName}.md`, await tidy(pageOf(element, declarations)));
  }
  files.set('docs/elements/theme.md', await tidy(themePage()));
  return files;
}

const tidy = async (markdown: string) =>
  format(markdown, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'markdown' });

function pageOf(element: Declaration, declarations: readonly Declaration[]): string {
  const { tagName: tag, attributes = [], events = [], slots = [], cssParts = [], cssProperties = [] } = element;
  const rows = (items: readonly Item[], ...cells: ((item: Item) => string)[]) =>
    items.map((item) => cells.map((cell) => cell(item)));
  const fieldsOf = (event: Item) => declarations.find(({ name }) => name === event.type?.text)?.members ?? [];
  return [
    GENERATED,
    `# \`<${tag}>\``,
    oneLine(element.description),
    '## Use',
    'With a script tag, from wherever the folder `dist/cdn/` of the package was put:',
    code('html', `${SCRIPT_TAG}\n\n<${tag}></${tag}>`),
    'With a bundler, from npm:',
    code('js', `import { connect } from 'livelit';\nimport 'livelit/define/${tag}';\n\n${CONNECT}`),
    code('html', `<${tag}></${tag}>`),
    ...section(
      'Attributes',
      ['Attribute', 'Property', 'Type', 'Default', 'Meaning'],
      [
        ...attributes.map((attribute) => [
          quote(attribute.name),
          quote(attribute.fieldName),
          quote(attribute.type?.text),
          quote(attribute.default),
          oneLine(attribute.description),
        ]),
      ],
    ),
    ...section(
      'Other members',
      ['Member', 'Type', 'Meaning'],
      rows(
        element.members.filter(({ attribute }) => !attribute),
        nameOf,
        (member) => quote(member.type?.text),
        meaningOf,
      ),
    ),
    ...section(
      'Events',
      ['Event', 'Type', 'Fields', 'When'],
      rows(
        events,
        nameOf,
        (event) => quote(event.type?.text),
        (event) =>
          fieldsOf(event)
            .map(({ name, type }) => quote(`${name}: ${type?.text ?? 'unknown'}`))
            .join(', '),
        meaningOf,
      ),
    ),
    ...(events.length ? ['All events bubble and cross shadow roots.'] : []),
    ...section('Slots', ['Slot', 'Content'], rows(slots, nameOf, meaningOf)),
    ...section('CSS parts', ['Part', 'What it is'], rows(cssParts, nameOf, meaningOf)),
    ...(cssParts[0] ? [code('css', `${tag}::part(${cssParts[0].name}) {\n  /* … */\n}`)] : []),
    ...section(
      'CSS custom properties',
      ['Property', 'Default', 'Meaning'],
      rows(cssProperties, nameOf, (property) => quote(property.default), meaningOf),
    ),
    'Colours, spacing and fonts come from the [theme](theme.md).',
    ...section('States', ['State', 'Meaning'], rows(element.cssStates ?? [], nameOf, meaningOf)),
    ...(element.cssStates?.[0] ? [code('css', `${tag}:state(${element.cssStates[0].name}) {\n  /* … */\n}`)] : []),
  ].join('\n\n');
}

/** The theme tokens and their defaults, as the elements' shared styles declare them. */
function themePage(): string {
  const styles = readFileSync(join(ROOT, 'src/elements/base.styles.ts'), 'utf8');
  const tokens = [...styles.matchAll(/var\((--livelit-[\w-]+), (.+)\);$/gm)].map(([, name, value = '']) => {
    const [, light, dark] = /^light-dark\((.+?), (.+)\)$/.exec(value) ?? [];
    return [quote(name), quote(light ?? value), quote(dark ?? value)];
  });
  return [
    GENERATED,
    '# Theme',
    'Custom properties that all elements share. Set them on any ancestor, or on the element itself. Whether light or ' +
      'dark applies is decided by the `color-scheme` of the place where the element stands.',
    table(['Property', 'Default, light', 'Default, dark'], tokens),
  ].join('\n\n');
}

const GENERATED = '<!-- Written by `npm run manifest` from the comments in src/elements. Change them there. -->';

const SCRIPT_TAG = `<script
  type="module"
  src="/livelit/livelit.js"
  data-url="https://<ref>.supabase.co"
  data-key="<publishable key>"
></script>`;

const CONNECT = "connect({ url: 'https://<ref>.supabase.co', key: '<publishable key>' });";

const code = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;

/** A headline and its table, or nothing when there is nothing to list. */
const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]) =>
  rows.length ? [`## ${title}`, table(head, rows)] : [];

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n');

/** A bar ends a cell, in code too. */
const escape = (cell: string) => cell.replaceAll('|', '\\|');

const quote = (text: string | undefined) => (text ? `\`${text}\`` : '');

const oneLine = (text = '') => text.replace(/\s+/g, ' ');

const nameOf = ({ name }: Item) => quote(name || '(default)');

const meaningOf = ({ description }: Item) => oneLine(description);

/** Files of elements that are gone. */
const leftOver = (files: ReadonlyMap<string, string>) =>
  globSync('docs/elements/*.md', { cwd: ROOT }).filter((file) => !files.has(file));

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(join(ROOT, file), 'utf8');
  } catch {
    return undefined;
  }
}

const files = await generate();
if (process.argv.includes('--check')) {
  const outdated = [...files].filter(([file, text]) => readIfThere(file) !== text).map(([file]) => file);
  for (const file of [...outdated, ...leftOver(files)]) {
    console.error(`${file} is out of date: run \`npm run manifest\`.`);
    process.exitCode = 1;
  }
} else {
  for (const [file, text] of files) writeFileSync(join(ROOT, file), text);
  for (const file of leftOver(files)) rmSync(join(ROOT, file));
}
