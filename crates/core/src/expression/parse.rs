//! From the text of an expression to its parts. `MiniJinja`'s parser reads it; what it finds is checked here, so that
//! a wrong name or argument is found when a document is loaded and not at night.

use std::borrow::Cow;

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use minijinja::value::ValueKind;

use super::error::{ExpressionError, nearest};
use super::function::{self, Function, Known};
use super::node::{Binary, Compared, Node};
use super::value::Value;

/// The longest expression, in bytes.
pub const MAX_EXPRESSION: usize = 4096;

/// How deep the parts of an expression may lie within each other.
const MAX_DEPTH: usize = 64;

/// A parsed expression.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) node: Node,
    /// Names that are read, each with the member that is read of it, when only that is.
    pub(super) reads: Vec<(Box<str>, Option<Box<str>>)>,
    /// Functions that are none of ours and must therefore be lookup tables.
    pub(super) tables: Vec<Box<str>>,
    /// Whether a secret is read.
    pub(super) secret: bool,
    /// Whether an environment variable is read.
    pub(super) variable: bool,
}

/// Reads an expression.
pub(super) fn parse(source: &str) -> Result<Parsed, ExpressionError> {
    if source.len() > MAX_EXPRESSION {
        return Err(ExpressionError::new(
            source,
            format!("is longer than {MAX_EXPRESSION} bytes"),
        ));
    }
    if source.trim().is_empty() {
        return Err(ExpressionError::new(
            source,
            "there is nothing between the braces",
        ));
    }
    let expression = minijinja::machinery::parse_expr(source).map_err(|error| {
        let problem = error.detail().unwrap_or("cannot be read").to_owned();
        let error = match error.range() {
            Some(range) => ExpressionError::new(source, problem).at(range.start),
            None => ExpressionError::new(source, problem),
        };
        if source.contains("&&") || source.contains("||") || source.contains('!') && !source.contains("!=") {
            return error.hint("write `and`, `or` and `not` as words");
        }
        error
    })?;
    let mut reader = Reader {
        source,
        depth: 0,
        reads: Vec::new(),
        tables: Vec::new(),
        secret: false,
        variable: false,
    };
    let node = reader.node(&expression)?;
    let Reader {
        reads,
        tables,
        secret,
        variable,
        ..
    } = reader;
    Ok(Parsed {
        node,
        reads,
        tables,
        secret,
        variable,
    })
}

struct Reader<'s> {
    source: &'s str,
    depth: usize,
    reads: Vec<(Box<str>, Option<Box<str>>)>,
    tables: Vec<Box<str>>,
    secret: bool,
    variable: bool,
}

impl Reader<'_> {
    fn error(&self, at: &Expr<'_>, problem: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.source, problem).at(at.span().start_offset as usize)
    }

    fn boxed(&mut self, expression: &Expr<'_>) -> Result<Box<Node>, ExpressionError> {
        self.node(expression).map(Box::new)
    }

    fn boxed_option(&mut self, expression: Option<&Expr<'_>>) -> Result<Option<Box<Node>>, ExpressionError> {
        expression.map(|expression| self.boxed(expression)).transpose()
    }

    fn nodes(&mut self, expressions: &[Expr<'_>]) -> Result<Vec<Node>, ExpressionError> {
        expressions
            .iter()
            .map(|expression| self.node(expression))
            .collect()
    }

    fn node(&mut self, expression: &Expr<'_>) -> Result<Node, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(expression, format!("is nested more than {MAX_DEPTH} deep")));
        }
        let node = self.part(expression)?;
        self.depth -= 1;
        Ok(node)
    }

    fn part(&mut self, expression: &Expr<'_>) -> Result<Node, ExpressionError> {
        Ok(match expression {
            Expr::Var(var) => {
                self.read(var.id, None);
                Node::Name(var.id.into())
            }
            Expr::Const(constant) => self.constant(expression, &constant.value)?,
            Expr::GetAttr(get) => self.member(&get.expr, get.name)?,
            Expr::GetItem(get) => match written(&get.subscript_expr) {
                Some(name) => self.member(&get.expr, name)?,
                None => Node::Item {
                    of: self.boxed(&get.expr)?,
                    index: self.boxed(&get.subscript_expr)?,
                },
            },
            Expr::Slice(slice) => Node::Slice {
                of: self.boxed(&slice.expr)?,
                start: self.boxed_option(slice.start.as_ref())?,
                stop: self.boxed_option(slice.stop.as_ref())?,
                step: self.boxed_option(slice.step.as_ref())?,
            },
            Expr::UnaryOp(unary) => match unary.op {
                UnaryOpKind::Not => Node::Not(self.boxed(&unary.expr)?),
                UnaryOpKind::Neg => Node::Negative(self.boxed(&unary.expr)?),
            },
            Expr::BinOp(binary) => {
                let (left, right) = (self.boxed(&binary.left)?, self.boxed(&binary.right)?);
                match operator(binary.op) {
                    Operator::And => Node::And(left, right),
                    Operator::Or => Node::Or(left, right),
                    Operator::Calculate(operator) => Node::Binary(operator, left, right),
                    Operator::Compare(operator) => Node::Compare(left, vec![(operator, *right)]),
                }
            }
            Expr::Compare(compare) => {
                let first = self.boxed(&compare.expr)?;
                let rest = compare
                    .ops
                    .iter()
                    .map(|op| Ok((compared(op.op), self.node(&op.expr)?)));
                Node::Compare(first, rest.collect::<Result<_, ExpressionError>>()?)
            }
            Expr::IfExpr(choice) => Node::If {
                test: self.boxed(&choice.test_expr)?,
                yes: self.boxed(&choice.true_expr)?,
                no: self.boxed_option(choice.false_expr.as_ref())?,
            },
            Expr::List(list) => Node::List(self.nodes(&list.items)?),
            Expr::Tuple(tuple) => Node::List(self.nodes(&tuple.items)?),
            Expr::Map(map) => {
                let keys = self.nodes(&map.keys)?;
                Node::Map(keys.into_iter().zip(self.nodes(&map.values)?).collect())
            }
            Expr::Filter(filter) => {
                let Some(subject) = &filter.expr else {
                    return Err(self.error(expression, "there is nothing before the `|`"));
                };
                self.known_call(expression, filter.name, "filter", Some(subject), &filter.args)?
            }
            Expr::Test(test) => {
                self.known_call(expression, test.name, "test", Some(&test.expr), &test.args)?
            }
            Expr::Call(call) => match &call.expr {
                Expr::Var(name) => self.call(expression, name.id, &call.args)?,
                Expr::GetAttr(get) => {
                    let error = self.error(expression, format!("`.{}(…)` cannot be called", get.name));
                    return Err(match function::find(get.name) {
                        Some(_) => error.hint(format!("write `… | {}`", get.name)),
                        None => error,
                    });
                }
                _ => return Err(self.error(expression, "only functions and lookup tables can be called")),
            },
        })
    }

    fn read(&mut self, name: &str, member: Option<&str>) {
        let known = |(known, of): &(Box<str>, Option<Box<str>>)| **known == *name && of.as_deref() == member;
        if !self.reads.iter().any(known) {
            self.reads.push((name.into(), member.map(Into::into)));
        }
    }

    fn member(&mut self, of: &Expr<'_>, name: &str) -> Result<Node, ExpressionError> {
        if let Expr::Var(var) = of {
            self.read(var.id, Some(name));
            let of = Box::new(Node::Name(var.id.into()));
            return Ok(Node::Member {
                of,
                name: name.into(),
                path: format!("{}.{name}", var.id).into(),
            });
        }
        let of = self.boxed(of)?;
        let path = match &*of {
            Node::Member { path, .. } => format!("{path}.{name}"),
            _ => name.to_owned(),
        };
        Ok(Node::Member {
            of,
            name: name.into(),
            path: path.into(),
        })
    }

    fn constant(&self, at: &Expr<'_>, value: &minijinja::Value) -> Result<Node, ExpressionError> {
        let value = match value.kind() {
            ValueKind::Undefined | ValueKind::None => Value::Missing(Cow::Borrowed("none")),
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::String => Value::Text(Cow::Owned(value.as_str().unwrap_or_default().to_owned())),
            ValueKind::Number => match (value.is_integer(), value.as_i64(), f64::try_from(value.clone())) {
                (true, Some(number), _) => Value::Int(number),
                (false, _, Ok(number)) => Value::Float(number),
                _ => return Err(self.error(at, "the number is too large")),
            },
            _ => return Err(self.error(at, "this kind of value cannot be written here")),
        };
        Ok(Node::Constant(value))
    }

    /// A call by name: of a function or a lookup table.
    fn call(&mut self, at: &Expr<'_>, name: &str, args: &[CallArg<'_>]) -> Result<Node, ExpressionError> {
        if function::find(name).is_some() {
            return self.known_call(at, name, "function", None, args);
        }
        let [CallArg::Pos(key)] = args else {
            return Err(self.unknown(at, name, "function"));
        };
        let near = nearest(name, function::names());
        if let Some(near) = near.filter(|near| near.len() == name.len()) {
            return Err(self
                .error(at, format!("there is no function `{name}`"))
                .hint(did_you_mean(near)));
        }
        self.table(at, Some(name))?;
        Ok(Node::Table {
            table: name.into(),
            key: self.boxed(key)?,
        })
    }

    fn unknown(&self, at: &Expr<'_>, name: &str, what: &str) -> ExpressionError {
        let error = self.error(at, format!("there is no {what} `{name}`"));
        match nearest(name, function::names()) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error.hint("`tenure functions` lists them all"),
        }
    }

    fn known_call(
        &mut self,
        at: &Expr<'_>,
        name: &str,
        what: &str,
        subject: Option<&Expr<'_>>,
        args: &[CallArg<'_>],
    ) -> Result<Node, ExpressionError> {
        let mut given: Vec<(Option<&str>, &Expr<'_>)> =
            subject.into_iter().map(|subject| (None, subject)).collect();
        for arg in args {
            given.push(match arg {
                CallArg::Pos(value) => (None, value),
                CallArg::Kwarg(name, value) => (Some(name), value),
                CallArg::PosSplat(value) | CallArg::KwargSplat(value) => {
                    return Err(self.error(value, "`*` cannot be used in a call"));
                }
            });
        }
        let Some(known) = function::find(name) else {
            return Err(self.unknown(at, name, what));
        };
        let args = self.arguments(at, known, &given)?;
        self.check_constants(at, known.function, &args)?;
        Ok(Node::Call {
            function: known.function,
            args,
        })
    }

    /// Puts arguments, by place or by name, where the function expects them.
    fn arguments(
        &mut self,
        at: &Expr<'_>,
        known: &Known,
        given: &[(Option<&str>, &Expr<'_>)],
    ) -> Result<Vec<Option<Node>>, ExpressionError> {
        let signature = known.function.doc.signature;
        let mut args: Vec<Option<Node>> = Vec::new();
        let mut next = 0;
        for (name, value) in given {
            let place = match name {
                None => {
                    next += 1;
                    next - 1
                }
                Some(name) => {
                    let place = known
                        .parameters
                        .iter()
                        .position(|parameter| parameter.name == *name);
                    place.ok_or_else(|| {
                        let error = self.error(
                            value,
                            format!("`{}` has no argument `{name}`", known.function.doc.name),
                        );
                        error.hint(format!("it is `{signature}`"))
                    })?
                }
            };
            if place >= known.parameters.len() && !known.more {
                return Err(self
                    .error(value, "one argument too many")
                    .hint(format!("it is `{signature}`")));
            }
            let node = self.node(value)?;
            while args.len() <= place {
                args.push(None);
            }
            if let Some(slot) = args.get_mut(place)
                && slot.replace(node).is_some()
            {
                return Err(self
                    .error(value, "this argument is given twice")
                    .hint(format!("it is `{signature}`")));
            }
        }
        for (place, parameter) in known.parameters.iter().enumerate() {
            if parameter.required && args.get(place).is_none_or(Option::is_none) {
                let problem = format!(
                    "`{}` needs the argument `{}`",
                    known.function.doc.name, parameter.name
                );
                return Err(self.error(at, problem).hint(format!("it is `{signature}`")));
            }
        }
        Ok(args)
    }

    /// Checks what is written as a constant and would otherwise only be found wrong with the first record, and
    /// takes note of tables, secrets and environment variables.
    fn check_constants(
        &mut self,
        at: &Expr<'_>,
        function: &Function,
        args: &[Option<Node>],
    ) -> Result<(), ExpressionError> {
        let text = |place: usize| match args.get(place) {
            Some(Some(Node::Constant(Value::Text(text)))) => Some(&**text),
            _ => None,
        };
        match function.doc.name {
            "secret" => self.secret = true,
            "env" => self.variable = true,
            "lookup" => self.table(at, text(1))?,
            "regex_replace" | "regex_find" | "matches" => {
                if let Some(pattern) = text(1) {
                    let name = function.doc.name;
                    super::pattern::compiled(pattern)
                        .map_err(|problem| self.error(at, format!("`{name}` {problem}")))?;
                }
            }
            "map" | "select" | "reject" => {
                if let Some(name) = text(1) {
                    self.callable(at, name)?;
                    if name == "lookup" {
                        self.table(at, text(2))?;
                    }
                }
            }
            "selectattr" | "rejectattr" => {
                if let Some(name) = text(2) {
                    self.callable(at, name)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn table(&mut self, at: &Expr<'_>, name: Option<&str>) -> Result<(), ExpressionError> {
        let Some(name) = name else {
            let error = self.error(at, "`lookup` needs the name of a table in quotes");
            return Err(error.hint("write `department | lookup('table')` or `table(department)`"));
        };
        if !self.tables.iter().any(|known| **known == *name) {
            self.tables.push(name.into());
        }
        Ok(())
    }

    fn callable(&self, at: &Expr<'_>, name: &str) -> Result<(), ExpressionError> {
        match function::callable(name) {
            Some(_) => Ok(()),
            None => Err(self.unknown(at, name, "function")),
        }
    }
}

/// The text that an expression is, when it is one in quotes. Nothing is worked out for it.
fn written<'e>(expression: &'e Expr<'_>) -> Option<&'e str> {
    match expression {
        Expr::Const(constant) => constant.value.as_str(),
        _ => None,
    }
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

enum Operator {
    And,
    Or,
    Calculate(Binary),
    Compare(Compared),
}

fn operator(kind: BinOpKind) -> Operator {
    match kind {
        BinOpKind::ScAnd => Operator::And,
        BinOpKind::ScOr => Operator::Or,
        BinOpKind::Add => Operator::Calculate(Binary::Add),
        BinOpKind::Sub => Operator::Calculate(Binary::Subtract),
        BinOpKind::Mul => Operator::Calculate(Binary::Multiply),
        BinOpKind::Div => Operator::Calculate(Binary::Divide),
        BinOpKind::FloorDiv => Operator::Calculate(Binary::DivideWhole),
        BinOpKind::Rem => Operator::Calculate(Binary::Remainder),
        BinOpKind::Pow => Operator::Calculate(Binary::Power),
        BinOpKind::Concat => Operator::Calculate(Binary::Concatenate),
        BinOpKind::Eq => Operator::Compare(Compared::Equal),
        BinOpKind::Ne => Operator::Compare(Compared::NotEqual),
        BinOpKind::Lt => Operator::Compare(Compared::Less),
        BinOpKind::Lte => Operator::Compare(Compared::LessOrEqual),
        BinOpKind::Gt => Operator::Compare(Compared::Greater),
        BinOpKind::Gte => Operator::Compare(Compared::GreaterOrEqual),
        BinOpKind::In => Operator::Compare(Compared::In),
    }
}

fn compared(kind: CompareOpKind) -> Compared {
    match kind {
        CompareOpKind::Eq => Compared::Equal,
        CompareOpKind::Ne => Compared::NotEqual,
        CompareOpKind::Lt => Compared::Less,
        CompareOpKind::Lte => Compared::LessOrEqual,
        CompareOpKind::Gt => Compared::Greater,
        CompareOpKind::Gte => Compared::GreaterOrEqual,
        CompareOpKind::In => Compared::In,
        CompareOpKind::NotIn => Compared::NotIn,
    }
}
