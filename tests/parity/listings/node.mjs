// What the npm package declares, read from its .d.ts by the TypeScript compiler. Prints one line of
// JSON: each name with the names of its parameters, options among them.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(new URL("../../../node/package.json", import.meta.url));
const typescript = (part) => import(require.resolve(`typescript/unstable/${part}`));
const { API, SignatureKind, SymbolFlags } = await typescript("sync");
const { isTupleTypeNode } = await typescript("ast/is");

const PROJECT = fileURLToPath(new URL("node.tsconfig.json", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../../../node/dist/esm/", import.meta.url));
const WELL_KNOWN = /^__@(\w+)@\d+$/;
const ITERATION = "[Symbol.asyncIterator]";

const compiler = new API();
const project = compiler.updateSnapshot({ openProjects: [PROJECT] }).getProject(PROJECT);
const { checker, program } = project;
console.log(JSON.stringify(listing()));
compiler.close();

function listing() {
  const module = checker.getSymbolAtLocation(program.getSourceFile(`${PACKAGE}index.d.ts`));
  const listed = {};
  for (const found of checker.getExportsOfModule(module)) {
    const symbol = found.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    listed[found.name] = parametersOf(symbol);
    for (const member of hasMembers(symbol) ? membersOf(symbol) : []) {
      listed[`${found.name}.${shownName(member)}`] = parametersOf(member);
    }
  }
  return listed;
}

/** Kinds of errors have the members of their base, and options are listed with what takes them. */
function hasMembers(symbol) {
  const declared = symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface);
  return declared && !isOptions(checker.getDeclaredTypeOfSymbol(symbol)) && !isKind(symbol);
}

function isOptions(type) {
  const properties = checker.getPropertiesOfType(type);
  return properties.length > 0 && properties.every(({ flags }) => flags & SymbolFlags.Optional);
}

function isKind(symbol) {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  return checker.getBaseTypes(type).some((base) => base.getSymbol()?.name === "KvError");
}

/** What a class or interface declares for its users. */
function membersOf(symbol) {
  const all = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return all.filter((member) => {
    const ours = member.declarations.some(({ path }) => path.startsWith(PACKAGE));
    const name = shownName(member);
    return ours && (!name.startsWith("[") || name === ITERATION) && !name.startsWith("__#");
  });
}

function shownName({ name }) {
  return name.replace(WELL_KNOWN, "[Symbol.$1]");
}

/** The parameters of all overloads, with the options in place of the object that holds them. */
function parametersOf(symbol) {
  const type = checker.getTypeOfSymbol(symbol);
  const signatures = type ? checker.getSignaturesOfType(type, SignatureKind.Call) : [];
  const names = signatures.flatMap((signature) => signature.getParameters().flatMap(namesOf));
  return [...new Set(names)];
}

function namesOf(parameter) {
  const declared = parameter.valueDeclaration.resolve();
  const parts = isTupleTypeNode(declared.type) ? declared.type.elements : [declared];
  return parts.flatMap(({ name, type }) => optionNames(type) ?? [name.text]);
}

function optionNames(node) {
  const type = checker.getNonNullableType(checker.getTypeFromTypeNode(node));
  return isOptions(type) ? checker.getPropertiesOfType(type).map(({ name }) => name) : undefined;
}
