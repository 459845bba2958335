//! The parts of a parsed expression.

use super::function::Function;
use super::value::Value;

/// A part of an expression, with the parts it is made of.
#[derive(Debug)]
pub(super) enum Node {
    /// A name of the scope.
    Name(Box<str>),
    /// A value as written.
    Constant(Value<'static>),
    /// A member of named values; `path` is what it is called when it has no value.
    Member {
        of: Box<Node>,
        name: Box<str>,
        path: Box<str>,
    },
    /// An item of a list, or a member whose name is worked out.
    Item { of: Box<Node>, index: Box<Node> },
    /// Some items of a list, or characters of a text.
    Slice {
        of: Box<Node>,
        start: Option<Box<Node>>,
        stop: Option<Box<Node>>,
        step: Option<Box<Node>>,
    },
    /// No for yes, and yes for no or a missing value.
    Not(Box<Node>),
    /// A number below nought.
    Negative(Box<Node>),
    /// The left value when it counts as no, else the right one.
    And(Box<Node>, Box<Node>),
    /// The left value when it counts as yes, else the right one.
    Or(Box<Node>, Box<Node>),
    /// A calculation.
    Binary(Binary, Box<Node>, Box<Node>),
    /// A chain of comparisons, each with the value before it.
    Compare(Box<Node>, Vec<(Compared, Node)>),
    /// One of two values.
    If {
        test: Box<Node>,
        yes: Box<Node>,
        no: Option<Box<Node>>,
    },
    /// Several values.
    List(Vec<Node>),
    /// Named values.
    Map(Vec<(Node, Node)>),
    /// A call of a function; an argument that is left out is none.
    Call {
        function: &'static Function,
        args: Vec<Option<Node>>,
    },
    /// What a lookup table has for a key.
    Table { table: Box<str>, key: Box<Node> },
}

/// A calculation with two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideWhole,
    Remainder,
    Power,
    Concatenate,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl Node {
    /// The input that this part is about, for naming it when nothing comes of it; empty when there is none.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Member { path, .. } => path,
            Self::Item { of: part, .. }
            | Self::Slice { of: part, .. }
            | Self::Not(part)
            | Self::Negative(part)
            | Self::And(part, _)
            | Self::Or(part, _)
            | Self::Binary(_, part, _)
            | Self::Compare(part, _)
            | Self::If { yes: part, .. }
            | Self::Table { key: part, .. } => part.subject(),
            Self::List(parts) => parts
                .iter()
                .map(Self::subject)
                .find(|name| !name.is_empty())
                .unwrap_or_default(),
            Self::Call { function, args } => {
                let names = args.iter().flatten().map(Self::subject);
                names
                    .into_iter()
                    .find(|name| !name.is_empty())
                    .unwrap_or(function.doc.name)
            }
            Self::Constant(_) | Self::Map(_) => "",
        }
    }
}
