import { strings } from './src/elements/strings/en.ts';

/**
 * What a page can see of the kit, and nothing else: elements and their events, at the paths where the package has them.
 * The analyzer reads syntax, so it is told what a name stands for that is declared elsewhere.
 */
function publicFace() {
  /** Types that are a choice of words, by name. */
  const words = new Map();
  /** Defaults that are a sentence of `strings`, by `Class.property`. */
  const sentences = new Map();

  const complete = (owner, item) => {
    if (words.has(item.type?.text)) item.type.text = words.get(item.type.text);
    const sentence = sentences.get(`${owner.name}.${item.fieldName ?? item.name}`);
    if (sentence !== undefined) item.default = `'${sentence}'`;
  };

  const tidy = (declaration) => {
    declaration.members = declaration.members?.filter(({ privacy }) => !privacy || privacy === 'public') ?? [];
    for (const field of declaration.members) complete(declaration, field);
    // The analyzer follows a constant for a property, and forgets to for its attribute.
    for (const attribute of declaration.attributes ?? []) {
      const field = declaration.members.find(({ name }) => name === attribute.fieldName);
      if (field) Object.assign(attribute, { type: field.type, default: field.default });
    }
    if (declaration.superclass?.name !== 'Event') return;
    declaration.superclass = { name: 'Event', package: 'global:' };
    // The name of a constructor's parameter, taken for a value.
    for (const field of declaration.members) delete field.default;
  };

  return {
    name: 'livelit-public-face',

    analyzePhase({ ts, node }) {
      if (ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)) {
        const literal = node.type.types.every((type) => ts.isLiteralTypeNode(type));
        if (literal)
          words.set(
            node.name.text,
            node.type
              .getText()
              .replace(/^\|\s*/, '')
              .replace(/\s+/g, ' '),
          );
      }
      if (ts.isPropertyDeclaration(node) && node.initializer?.getText().startsWith('strings.')) {
        const [, ...path] = node.initializer.getText().split('.');
        const sentence = path.reduce((place, name) => place?.[name], strings);
        sentences.set(`${node.parent.name.text}.${node.name.getText()}`, sentence);
      }
    },

    packageLinkPhase({ customElementsManifest: manifest }) {
      for (const module of manifest.modules) {
        module.declarations = module.declarations.filter(
          ({ tagName, superclass }) => tagName || superclass?.name === 'Event',
        );
        const kept = new Set(module.declarations.map(({ name }) => name));
        module.exports = module.exports.filter(({ name }) => kept.has(name));
        for (const declaration of module.declarations) tidy(declaration);
        module.path = published(module.path);
        for (const { declaration } of module.exports) declaration.module = module.path;
      }
      const modules = manifest.modules.filter(({ declarations }) => declarations.length);
      manifest.modules = [...modules, ...modules.flatMap(definitions)].sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

const published = (path) => path.replace(/^src\//, 'dist/npm/').replace(/\.ts$/, '.js');

/** Importing `livelit/define/<tag>` registers the element; the class alone does not. */
const definitions = ({ path, declarations }) =>
  declarations
    .filter(({ tagName }) => tagName)
    .map(({ name, tagName }) => ({
      kind: 'javascript-module',
      path: `dist/npm/define/${tagName}.js`,
      declarations: [],
      exports: [{ kind: 'custom-element-definition', name: tagName, declaration: { name, module: path } }],
    }));

export default {
  // The services only for the types that attributes name; none of them is an element.
  globs: ['src/elements/*.ts', 'src/services/*.ts'],
  exclude: ['**/*.styles.ts'],
  litelement: true,
  packagejson: false,
  quiet: true,
  plugins: [publicFace()],
};
