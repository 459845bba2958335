//! Texts of messages: formats with statements between them, `{% if … %}`, `{% for … in … %}` and comments. Bounded in
//! steps and length like everything that is worked out from values of others.

use std::cell::Cell;

use serde_json::Value as Json;
use serde_json::value::{RawValue, to_raw_value};

use super::condition::Condition;
use super::error::ExpressionError;
use super::format::{Evaluated, Format, MAX_FORMAT, end_of_expression};
use super::scope::Scope;

/// The longest text that comes of a template, in bytes.
const MAX_RESULT: usize = 256 * 1024;
/// Blocks that are worked out in one text, each turn of a loop counted.
const MAX_STEPS: usize = 20_000;
/// Statements within statements.
const MAX_DEPTH: usize = 16;

/// A text with expressions and statements.
#[derive(Clone, Debug)]
pub struct TextTemplate {
    source: String,
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
enum Block {
    Text(Format),
    If {
        arms: Vec<(Condition, Vec<Block>)>,
        otherwise: Vec<Block>,
    },
    For {
        name: String,
        list: Format,
        body: Vec<Block>,
    },
}

/// A piece of a source: what stands between statements, or a statement.
enum Token<'s> {
    Text(&'s str),
    Statement { words: &'s str, at: usize },
}

impl TextTemplate {
    /// Reads a text.
    pub fn parse(source: &str) -> Result<Self, ExpressionError> {
        if source.len() > MAX_FORMAT {
            let problem = format!("is longer than {MAX_FORMAT} bytes");
            return Err(ExpressionError::new("", problem));
        }
        let tokens = tokens(source)?;
        let mut parser = Parser {
            source,
            tokens: &tokens,
            at: 0,
        };
        let blocks = parser.blocks(0)?;
        if let Some(Token::Statement { words, at }) = parser.next() {
            return Err(wrong(source, *at, format!("`{words}` without a beginning")));
        }
        Ok(Self {
            source: source.to_owned(),
            blocks,
        })
    }

    /// The text for this scope, with what comes of each expression gone through `escape`; or the name of what has no
    /// value.
    pub fn evaluate(
        &self,
        scope: &Scope<'_>,
        escape: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Result<String, String>, ExpressionError> {
        let mut text = String::new();
        let missing = Evaluation {
            escape,
            steps: Cell::new(0),
        }
        .blocks(&self.blocks, scope, &mut text)?;
        Ok(missing.map_or(Ok(text), Err))
    }

    /// The names that are read, each with the member that is read of it; without those that loops give.
    pub fn columns(&self) -> Vec<(String, Option<String>)> {
        let mut columns = Vec::new();
        self.visit(&mut |name, member| {
            let column = (name.to_owned(), member.map(str::to_owned));
            if !columns.contains(&column) {
                columns.push(column);
            }
        });
        columns
    }

    /// The lookup tables that are named.
    pub fn tables(&self) -> Vec<String> {
        fn gather(blocks: &[Block], tables: &mut Vec<String>) {
            for block in blocks {
                match block {
                    Block::Text(format) => tables.extend(format.tables().map(str::to_owned)),
                    Block::If { arms, otherwise } => {
                        for (condition, body) in arms {
                            tables.extend(condition.tables().map(str::to_owned));
                            gather(body, tables);
                        }
                        gather(otherwise, tables);
                    }
                    Block::For { list, body, .. } => {
                        tables.extend(list.tables().map(str::to_owned));
                        gather(body, tables);
                    }
                }
            }
        }
        let mut tables = Vec::new();
        gather(&self.blocks, &mut tables);
        tables
    }

    /// Whether a secret is read.
    pub fn uses_secret(&self) -> bool {
        fn any(blocks: &[Block]) -> bool {
            blocks.iter().any(|block| match block {
                Block::Text(format) => format.uses_secret(),
                Block::If { arms, otherwise } => {
                    let asked =
                        |(condition, body): &(Condition, Vec<Block>)| condition.uses_secret() || any(body);
                    arms.iter().any(asked) || any(otherwise)
                }
                Block::For { list, body, .. } => list.uses_secret() || any(body),
            })
        }
        any(&self.blocks)
    }

    /// Whether a name is read.
    pub fn names(&self, name: &str) -> bool {
        self.columns().iter().any(|(column, _)| column == name)
    }

    /// The text as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn visit(&self, take: &mut dyn FnMut(&str, Option<&str>)) {
        fn gather(blocks: &[Block], own: &mut Vec<String>, take: &mut dyn FnMut(&str, Option<&str>)) {
            for block in blocks {
                let mut read = |columns: &mut dyn Iterator<Item = (&str, Option<&str>)>| {
                    for (name, member) in columns {
                        if !own.iter().any(|own| own == name) {
                            take(name, member);
                        }
                    }
                };
                match block {
                    Block::Text(format) => read(&mut format.columns()),
                    Block::If { arms, otherwise } => {
                        for (condition, _) in arms {
                            read(&mut condition.columns());
                        }
                        for body in arms.iter().map(|(_, body)| body).chain([otherwise]) {
                            gather(body, own, take);
                        }
                    }
                    Block::For { name, list, body } => {
                        read(&mut list.columns());
                        own.push(name.clone());
                        gather(body, own, take);
                        own.pop();
                    }
                }
            }
        }
        gather(&self.blocks, &mut Vec::new(), take);
    }
}

struct Evaluation<'e> {
    escape: &'e dyn Fn(&str) -> Result<String, String>,
    steps: Cell<usize>,
}

impl Evaluation<'_> {
    /// Adds what comes of blocks; gives what is missing.
    fn blocks(
        &self,
        blocks: &[Block],
        scope: &Scope<'_>,
        text: &mut String,
    ) -> Result<Option<String>, ExpressionError> {
        for block in blocks {
            self.steps.set(self.steps.get() + 1);
            if self.steps.get() > MAX_STEPS || text.len() > MAX_RESULT {
                let problem = format!("gives more than {MAX_RESULT} bytes, or takes too many turns");
                return Err(ExpressionError::new("", problem).hint("loop over fewer values"));
            }
            let missing = match block {
                Block::Text(format) => match format.evaluate_escaped(scope, self.escape)? {
                    Evaluated::Values(values) => {
                        text.push_str(&values.concat());
                        None
                    }
                    Evaluated::Nothing { missing } => Some(missing),
                },
                Block::If { arms, otherwise } => {
                    let mut chosen = otherwise;
                    for (condition, body) in arms {
                        if condition.holds(scope)? {
                            chosen = body;
                            break;
                        }
                    }
                    self.blocks(chosen, scope, text)?
                }
                Block::For { name, list, body } => {
                    if let Some(items) = objects(list, scope)? {
                        let mut missing = None;
                        for item in &items {
                            let inner = scope.clone().with_value(name, &**item);
                            missing = self.blocks(body, &inner, text)?;
                            if missing.is_some() {
                                break;
                            }
                        }
                        if missing.is_some() {
                            return Ok(missing);
                        }
                        continue;
                    }
                    let items = match list.evaluate(scope)? {
                        Evaluated::Values(values) => values,
                        // Over nothing there are no turns.
                        Evaluated::Nothing { .. } => Vec::new(),
                    };
                    let mut missing = None;
                    for item in &items {
                        let inner = scope.clone().with_value(name, item.as_str());
                        missing = self.blocks(body, &inner, text)?;
                        if missing.is_some() {
                            break;
                        }
                    }
                    missing
                }
            };
            if missing.is_some() {
                return Ok(missing);
            }
        }
        Ok(None)
    }
}

/// The items of a list, when they have members of their own.
fn objects(list: &Format, scope: &Scope<'_>) -> Result<Option<Vec<Box<RawValue>>>, ExpressionError> {
    let Ok(Json::Array(items)) = list.evaluate_json(scope)? else {
        return Ok(None);
    };
    if items.is_empty() || !items.iter().all(Json::is_object) {
        return Ok(None);
    }
    let raw: Result<Vec<_>, _> = items.iter().map(to_raw_value).collect();
    // What was JSON can be written as JSON.
    Ok(raw.ok())
}

struct Parser<'s> {
    source: &'s str,
    tokens: &'s [Token<'s>],
    at: usize,
}

impl<'s> Parser<'s> {
    fn next(&mut self) -> Option<&'s Token<'s>> {
        let token = self.tokens.get(self.at);
        self.at += usize::from(token.is_some());
        token
    }

    /// Blocks up to the statement that ends or divides what is around them, which is left to be read.
    fn blocks(&mut self, depth: usize) -> Result<Vec<Block>, ExpressionError> {
        let mut blocks = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            let (words, at) = match token {
                Token::Text(text) => {
                    self.at += 1;
                    blocks.push(Block::Text(Format::parse(text)?));
                    continue;
                }
                Token::Statement { words, at } => (*words, *at),
            };
            let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
            if matches!(word, "elif" | "else" | "endif" | "endfor") {
                break;
            }
            if depth >= MAX_DEPTH {
                return Err(wrong(self.source, at, "too many statements within each other"));
            }
            self.at += 1;
            blocks.push(match word {
                "if" => self.choice(rest, at, depth)?,
                "for" => self.turns(rest, at, depth)?,
                _ => {
                    let error = wrong(self.source, at, format!("`{word}` is no statement"));
                    return Err(error.hint("write `if`, `elif`, `else`, `endif`, `for … in …` or `endfor`"));
                }
            });
        }
        Ok(blocks)
    }

    fn choice(&mut self, condition: &str, at: usize, depth: usize) -> Result<Block, ExpressionError> {
        let (mut arms, mut otherwise) = (Vec::new(), Vec::new());
        let mut condition = Some(Condition::parse(condition)?);
        loop {
            let body = self.blocks(depth + 1)?;
            match condition.take() {
                Some(condition) => arms.push((condition, body)),
                None => otherwise = body,
            }
            let words = match self.next() {
                Some(Token::Statement { words, .. }) => *words,
                _ => "",
            };
            match words.split_once(char::is_whitespace).unwrap_or((words, "")) {
                ("endif", "") => return Ok(Block::If { arms, otherwise }),
                ("elif", rest) => condition = Some(Condition::parse(rest)?),
                ("else", "") => {}
                _ => return Err(wrong(self.source, at, "`if` without `endif`")),
            }
        }
    }

    fn turns(&mut self, rest: &str, at: usize, depth: usize) -> Result<Block, ExpressionError> {
        let (name, list) = rest.split_once(" in ").unwrap_or(("", ""));
        let name = name.trim();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(letters) {
            let error = wrong(self.source, at, "`for` needs a name and a list");
            return Err(error.hint("write for example `{% for group in memberOf %}`"));
        }
        let list = Format::parse(&format!("{{{{ {} }}}}", list.trim()))?;
        let body = self.blocks(depth + 1)?;
        match self.next() {
            Some(Token::Statement { words: "endfor", .. }) => Ok(Block::For {
                name: name.to_owned(),
                list,
                body,
            }),
            _ => Err(wrong(self.source, at, "`for` without `endfor`")),
        }
    }
}

/// Divides a source. A statement or comment that stands alone on its line takes the line with it.
fn tokens(source: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    let (mut tokens, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(open) = source
        .get(at..)
        .and_then(|rest| rest.find('{'))
        .map(|open| at + open)
    {
        let rest = source.get(open + 2..).unwrap_or_default();
        at = match source.as_bytes().get(open + 1) {
            Some(b'{') => match end_of_expression(rest) {
                Some(length) => open + 2 + length + 2,
                // Where the text is read it is said what is wrong.
                None => break,
            },
            Some(&mark @ (b'%' | b'#')) => {
                let close = if mark == b'%' { "%}" } else { "#}" };
                let Some(length) = rest.find(close) else {
                    return Err(wrong(source, open, format!("this is not closed by `{close}`")));
                };
                let mut end = open + 2 + length + 2;
                let mut before = source.get(start..open).unwrap_or_default();
                let line = before.rfind('\n').map_or(0, |at| at + 1);
                let alone = before.get(line..).is_some_and(|text| text.trim().is_empty())
                    && (line > 0 || start == 0 || source.as_bytes().get(start - 1) == Some(&b'\n'));
                let after = source.get(end..).unwrap_or_default();
                let break_after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
                if alone && (break_after.is_some() || after.is_empty()) {
                    before = before.get(..line).unwrap_or_default();
                    end = source.len() - break_after.map_or(0, str::len);
                }
                if !before.is_empty() {
                    tokens.push(Token::Text(before));
                }
                if mark == b'%' {
                    let words = rest.get(..length).unwrap_or_default();
                    let words = words.trim_matches('-').trim();
                    tokens.push(Token::Statement { words, at: open });
                }
                start = end;
                end
            }
            _ => open + 1,
        };
    }
    if let Some(rest) = source.get(start..).filter(|rest| !rest.is_empty()) {
        tokens.push(Token::Text(rest));
    }
    Ok(tokens)
}

fn wrong(source: &str, at: usize, problem: impl Into<String>) -> ExpressionError {
    ExpressionError::new(source, problem.into()).at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(source: &str) -> String {
        let scope = Scope::new()
            .with_value("name", "Ada <Lovelace>")
            .with_value("groups", vec!["HR", "IT & Co"]);
        let escape = |text: &str| Ok(text.replace('<', "&lt;").replace('&', "&amp;"));
        match TextTemplate::parse(source).map(|text| text.evaluate(&scope, &escape)) {
            Ok(Ok(Ok(text))) => text,
            Ok(Ok(Err(missing))) => format!("missing {missing}"),
            Ok(Err(error)) | Err(error) => format!("error: {}", error.problem),
        }
    }

    #[test]
    fn statements_choose_and_repeat_and_only_values_are_escaped() {
        let text = "Hello <b>{{ name }}</b>\n{# nobody sees this #}\n{% if title %}\n{{ title }}\n{% elif name %}\nno title\n{% else %}\nnobody\n{% endif %}\n{% for group in groups %}\n- {{ group }}\n{% endfor %}\nBye {% if missing %}x{% endif %}.";
        insta::assert_snapshot!(made(text), @r"
        Hello <b>Ada &amp;lt;Lovelace></b>
        no title
        - HR
        - IT &amp; Co
        Bye .
        ");
        assert_eq!(made("{{ title }}"), "missing title");
        assert_eq!(made("{% for x in nothing %}{{ x }}{% endfor %}"), "");
        assert_eq!(
            made("{{ '{% if %}' }} {{ name | default('{#') }}"),
            "{% if %} Ada &amp;lt;Lovelace>"
        );
    }

    #[test]
    fn items_of_loops_may_have_members() {
        let json =
            serde_json::json!([{ "name": "Ada <L>", "what": ["a", "b"] }, { "name": "Bob", "what": [] }]);
        let people = to_raw_value(&json).unwrap();
        let scope = Scope::new().with_value("people", &*people);
        let text =
            "{% for one in people %}{{ one.name }}:{% for x in one.what %} {{ x }}{% endfor %};{% endfor %}";
        let escape = |text: &str| Ok(text.replace('<', "&lt;"));
        let made = TextTemplate::parse(text).unwrap().evaluate(&scope, &escape);
        assert_eq!(made.unwrap().unwrap(), "Ada &lt;L>: a b;Bob:;");
        let missing = TextTemplate::parse("{% for one in people %}{{ one.mail }}{% endfor %}").unwrap();
        assert_eq!(
            missing.evaluate(&scope, &escape).unwrap(),
            Err("one.mail".to_owned())
        );
    }

    #[test]
    fn what_is_wrong_is_said_and_nothing_runs_away() {
        assert_eq!(made("{% if name %}"), "error: `if` without `endif`");
        assert_eq!(made("{% if name %}{% endfor %}"), "error: `if` without `endif`");
        assert_eq!(made("{% endif %}"), "error: `endif` without a beginning");
        assert_eq!(made("{% set a = 1 %}"), "error: `set` is no statement");
        assert_eq!(
            made("{% for groups %}{% endfor %}"),
            "error: `for` needs a name and a list"
        );
        assert_eq!(made("{% if name"), "error: this is not closed by `%}`");
        assert!(made(&"{% if name %}".repeat(100)).contains("too many statements"));
        let loops = "{% for a in groups %}".repeat(16) + "{{ a }}" + &"{% endfor %}".repeat(16);
        assert!(made(&loops).contains("too many turns"), "{}", made(&loops));
    }

    #[test]
    fn names_of_loops_are_no_columns() {
        let text =
            TextTemplate::parse("{% for a in memberOf %}{{ a }}{{ b }}{% endfor %}{% if c.d %}{% endif %}");
        let columns: Vec<_> = text
            .unwrap()
            .columns()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(columns, ["memberOf", "b", "c"]);
    }
}
