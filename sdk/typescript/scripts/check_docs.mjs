// Fails when an export, or a member of an exported class, interface or result, has no description.
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ENTRY_POINTS = ["index", "queries"].map((name) =>
  fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url)),
);
const program = ts.createProgram(ENTRY_POINTS, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  types: [],
});
const checker = program.getTypeChecker();

const isOwn = (symbol) =>
  symbol.declarations?.some((declaration) => {
    const { fileName } = declaration.getSourceFile();
    return fileName.includes("/src/") && !fileName.includes("/generated/api");
  }) ?? false;

const isPrivate = (symbol) =>
  symbol.name.startsWith("__") ||
  symbol.name.startsWith("#") ||
  (symbol.flags & ts.SymbolFlags.TypeParameter) !== 0;

const isDescribed = (symbol) => symbol.getDocumentationComment(checker).length > 0;

function membersOf(symbol) {
  const [declaration] = symbol.declarations;
  if (ts.isFunctionDeclaration(declaration)) {
    const [signature] = checker.getTypeAtLocation(declaration).getCallSignatures();
    return checker.getReturnTypeOfSignature(signature).symbol?.name === "__object"
      ? checker.getPropertiesOfType(checker.getReturnTypeOfSignature(signature))
      : [];
  }
  return [...(symbol.members?.values() ?? [])];
}

const missing = [];
let described = 0;
for (const file of ENTRY_POINTS) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  for (const exported of checker.getExportsOfModule(module)) {
    if (exported.name === "Api") continue;
    const isAlias = exported.flags & ts.SymbolFlags.Alias;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    for (const member of [symbol, ...membersOf(symbol)]) {
      if (!isOwn(member) || isPrivate(member)) continue;
      if (isDescribed(member)) described += 1;
      else missing.push(member === symbol ? exported.name : `${exported.name}.${member.name}`);
    }
  }
}
for (const name of missing) console.error(`${name} has no description: add a /** comment */`);
console.log(`${described} exports and members are described`);
process.exitCode = missing.length > 0 ? 1 : 0;
