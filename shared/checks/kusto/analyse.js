// What Python asks of the parser: declare tables once, then analyse one query after another.
const { KustoCode, GlobalState, Symbols, Syntax } = Kusto.Language;
let state = null;
let symbols = new Map(); // by declaration: most documents share most tables

// tables: [[name, [[column, type], ...], open]]; an open table accepts columns it does not list.
function declareTables(tables) {
  const before = symbols;
  symbols = new Map();
  for (const table of JSON.parse(tables)) {
    const [name, columns, open] = table, key = JSON.stringify(table);
    symbols.set(key, before.get(key) ?? tableOf(columns).WithName(name).WithIsOpen(open));
  }
  state = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", [...symbols.values()]));
}

function tableOf(columns) {
  const list = new (System.Collections.Generic.List$1(Symbols.ColumnSymbol).ctor)();
  for (const [name, type] of columns) list.add(new Symbols.ColumnSymbol(name, Symbols.ScalarTypes.GetSymbol(type)));
  return new Symbols.TableSymbol.$ctor3(list);
}

// Offsets count UTF-16 code units from the start of the query.
function analyse(query) {
  const code = KustoCode.ParseAndAnalyze(query, state);
  const found = code.GetDiagnostics(), diagnostics = [];
  for (let i = 0; i < found.Count; i++) {
    const one = found.getItem(i);
    diagnostics.push([one.Start, one.Code, one.Severity, one.Message]);
  }
  const statements = code.Syntax.Statements, expressions = [];
  for (let i = 0; statements && i < statements.Count; i++) {
    const statement = statements.getItem(i).Element$1;
    if (statement.Kind === Syntax.SyntaxKind.ExpressionStatement) expressions.push(statement.TextStart);
  }
  const tables = [];
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const symbol = node.ReferencedSymbol;
    if (symbol && Bridge.is(symbol, Symbols.TableSymbol) && state.GetDatabase(symbol))
      tables.push([node.TextStart, symbol.Name]);
  });
  return JSON.stringify({ diagnostics, expressions, tables });
}
