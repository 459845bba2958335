//! `$filter`, as far as people look for people.

use std::cmp::Ordering;

use serde_json::Value;

use super::call::{bad_request, unsupported};
use crate::stage::answer::{Object, Refused};

/// What a record must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare(String, Operator, Value),
    In(String, Vec<Value>),
    /// One of the values of a list fulfils it, under the empty name.
    Within(String, Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    StartsWith,
    EndsWith,
}

impl Operator {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            "startswith" | "startsWith" => Self::StartsWith,
            "endswith" | "endsWith" => Self::EndsWith,
            _ => return None,
        })
    }

    fn holds(self, found: &Value, wanted: &Value) -> bool {
        let (left, right) = (text(found), text(wanted));
        let order = left.cmp(&right);
        let known = !found.is_null();
        match self {
            Self::Equal => found.is_null() == wanted.is_null() && order.is_eq(),
            Self::NotEqual => found.is_null() != wanted.is_null() || order.is_ne(),
            Self::Greater => known && order == Ordering::Greater,
            Self::GreaterOrEqual => known && order.is_ge(),
            Self::Less => known && order == Ordering::Less,
            Self::LessOrEqual => known && order.is_le(),
            Self::StartsWith => known && left.starts_with(&right),
            Self::EndsWith => known && left.ends_with(&right),
        }
    }
}

/// Texts are compared without regard to case.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.to_lowercase(),
        other => other.to_string(),
    }
}

impl Filter {
    pub(super) fn parse(source: &str) -> Result<Self, Refused> {
        let mut reader = Reader {
            tokens: tokens(source)?,
            place: 0,
        };
        let filter = reader.any()?;
        match reader.peek() {
            None => Ok(filter),
            Some(_) => Err(syntax()),
        }
    }

    /// Whether it is only answered with `ConsistencyLevel: eventual`.
    pub(super) fn is_advanced(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_advanced),
            Self::Not(_) => true,
            Self::Compare(_, operator, _) => matches!(operator, Operator::NotEqual | Operator::EndsWith),
            Self::In(..) => false,
            Self::Within(_, inner) => inner.is_advanced(),
        }
    }

    /// The names of the properties it looks at.
    pub(super) fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.names(names)),
            Self::Not(inner) => inner.names(names),
            Self::Compare(name, ..) | Self::In(name, _) | Self::Within(name, _) => names.push(name),
        }
    }

    pub(super) fn holds(&self, record: &Object) -> bool {
        let find = |name: &str| {
            let mut parts = name.split('/');
            let first = record.get(parts.next()?)?;
            parts.try_fold(first, |value, part| value.get(part))
        };
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(record)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(record)),
            Self::Not(inner) => !inner.holds(record),
            Self::Compare(name, operator, wanted) => {
                operator.holds(find(name).unwrap_or(&Value::Null), wanted)
            }
            Self::In(name, wanted) => {
                let found = find(name).unwrap_or(&Value::Null);
                wanted.iter().any(|wanted| Operator::Equal.holds(found, wanted))
            }
            Self::Within(name, inner) => {
                let values = find(name).and_then(Value::as_array);
                values.is_some_and(|values| {
                    values
                        .iter()
                        .any(|value| inner.holds(&Object::from_iter([(String::new(), value.clone())])))
                })
            }
        }
    }
}

fn syntax() -> Refused {
    bad_request("Invalid filter clause: Syntax error.")
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(source: &str) -> Result<Vec<Token>, Refused> {
    let mut found = Vec::new();
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' | ')' | ',' => found.push(Token::Sign(letter)),
            '\'' => {
                let mut text = String::new();
                loop {
                    match letters.next() {
                        Some('\'') if letters.peek() == Some(&'\'') => {
                            letters.next();
                            text.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => text.push(other),
                        None => return Err(syntax()),
                    }
                }
                found.push(Token::Text(text));
            }
            _ => {
                let mut word = String::from(letter);
                while let Some(next) = letters.next_if(|next| !" (),'".contains(*next)) {
                    word.push(next);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

struct Reader {
    tokens: Vec<Token>,
    place: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Result<Token, Refused> {
        let token = self.peek().cloned().ok_or_else(syntax)?;
        self.place += 1;
        Ok(token)
    }

    fn sign(&mut self, sign: char) -> Result<(), Refused> {
        if self.next()? == Token::Sign(sign) {
            Ok(())
        } else {
            Err(syntax())
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(&Token::Word(word.to_owned()));
        self.place += usize::from(is);
        is
    }

    fn any(&mut self) -> Result<Filter, Refused> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Filter::Any(parts)
        })
    }

    fn all(&mut self) -> Result<Filter, Refused> {
        let mut parts = vec![self.one("")?];
        while self.word("and") {
            parts.push(self.one("")?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Filter::All(parts)
        })
    }

    /// One comparison. `variable` is what the value of a list is called, if one is being looked at.
    fn one(&mut self, variable: &str) -> Result<Filter, Refused> {
        if self.word("not") {
            return Ok(Filter::Not(Box::new(self.one(variable)?)));
        }
        let name = match self.next()? {
            Token::Sign('(') => {
                let inner = self.any()?;
                self.sign(')')?;
                return Ok(inner);
            }
            Token::Word(word) => word,
            _ => return Err(syntax()),
        };
        let named = |name: String| {
            if !variable.is_empty() && name == variable {
                String::new()
            } else {
                name
            }
        };
        if self.peek() == Some(&Token::Sign('(')) {
            self.place += 1;
            if let Some(list) = name.strip_suffix("/any") {
                return self.within(list);
            }
            let operator = Operator::named(&name).filter(|_| name.to_lowercase().ends_with("swith"));
            let operator = operator.ok_or_else(|| unsupported("The function is not supported."))?;
            let Token::Word(property) = self.next()? else {
                return Err(syntax());
            };
            self.sign(',')?;
            let wanted = self.literal()?;
            self.sign(')')?;
            return Ok(Filter::Compare(named(property), operator, wanted));
        }
        let Token::Word(operator) = self.next()? else {
            return Err(syntax());
        };
        if operator == "in" {
            self.sign('(')?;
            let mut wanted = vec![self.literal()?];
            while self.peek() == Some(&Token::Sign(',')) {
                self.place += 1;
                wanted.push(self.literal()?);
            }
            self.sign(')')?;
            return Ok(Filter::In(named(name), wanted));
        }
        let operator = Operator::named(&operator).ok_or_else(syntax)?;
        Ok(Filter::Compare(named(name), operator, self.literal()?))
    }

    /// `p:p eq 'x')`, after `list/any(`.
    fn within(&mut self, list: &str) -> Result<Filter, Refused> {
        let Some(Token::Word(word)) = self.tokens.get_mut(self.place) else {
            return Err(syntax());
        };
        let (variable, rest) = word.split_once(':').ok_or_else(syntax)?;
        let (variable, rest) = (variable.to_owned(), rest.to_owned());
        if rest.is_empty() {
            self.place += 1;
        } else {
            *word = rest;
        }
        let inner = self.one(&variable)?;
        self.sign(')')?;
        Ok(Filter::Within(list.to_owned(), Box::new(inner)))
    }

    fn literal(&mut self) -> Result<Value, Refused> {
        Ok(match self.next()? {
            Token::Text(text) => text.into(),
            Token::Word(word) => match word.as_str() {
                "true" => true.into(),
                "false" => false.into(),
                "null" => Value::Null,
                _ => word.parse::<i64>().map_or_else(|_| word.into(), Value::from),
            },
            Token::Sign(_) => return Err(syntax()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stage::answer::object;

    fn holds(filter: &str) -> bool {
        let record = object(json!({
            "displayName": "Ada O'Brien", "accountEnabled": true, "department": null,
            "proxyAddresses": ["SMTP:ada@northwind.test", "smtp:a@northwind.test"],
            "employeeOrgData": { "costCenter": "F10" }, "createdDateTime": "2026-03-02T00:00:00Z",
        }));
        Filter::parse(filter).unwrap().holds(&record)
    }

    #[test]
    fn filters_are_read_and_hold_or_do_not() {
        for good in [
            "displayName eq 'ada o''brien'",
            "accountEnabled eq true and startswith(displayName,'Ada')",
            "department eq null",
            "department eq 'x' or employeeOrgData/costCenter eq 'F10'",
            "not (accountEnabled eq false)",
            "proxyAddresses/any(p:p eq 'smtp:a@northwind.test')",
            "proxyAddresses/any(x: startswith(x,'SMTP:'))",
            "displayName in ('x', 'Ada O''Brien')",
            "createdDateTime ge 2026-03-01T00:00:00Z",
        ] {
            assert!(holds(good), "{good}");
        }
        for bad in [
            "accountEnabled eq false",
            "department ne null",
            "endswith(displayName,'x')",
            "proxyAddresses/any(p:p eq 'x')",
            "createdDateTime lt 2026-03-01T00:00:00Z",
        ] {
            assert!(!holds(bad), "{bad}");
        }
        for wrong in [
            "displayName",
            "displayName eq 'x",
            "eq eq eq eq",
            "contains(a,'b')",
            "(a eq 1",
        ] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Filter::parse("endswith(mail,'x')").unwrap().is_advanced());
    }
}
