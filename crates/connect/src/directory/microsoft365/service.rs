//! The conversation with Microsoft: tokens, single requests and lists of pages. Many requests in one are `batch`'s
//! business.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tenure_core::outcome::Refusal;
use tenure_core::seams::{DirectoryError, Secrets, SourceError};
use tokio::time::Instant;

use super::fault::Fault;
use super::settings::Settings;
use crate::authorization::Tokens;
use crate::http::{HttpAnswer, HttpBody, HttpClient, HttpRequest, Method, Repeatable};
use crate::source::{Environment, options};

/// Graph and Exchange Online of one tenant.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) client: HttpClient,
    pub(super) graph: Arc<Tokens>,
    exchange: Arc<Tokens>,
    /// What addresses of Graph begin with.
    pub(super) root: String,
    /// Where commands for Exchange Online go.
    command: String,
    pub(super) connections: usize,
    /// No batch before this moment, because Graph asked for it.
    left_alone_until: Mutex<Instant>,
}

impl Service {
    /// Nothing is connected to yet.
    pub(super) fn new(
        settings: &Settings,
        vault: &Arc<dyn Secrets>,
        environment: &Environment,
    ) -> Result<Self, DirectoryError> {
        let failed = |error: SourceError| DirectoryError {
            doing: format!("setting up the directory `{}`", settings.name),
            said: error.to_string(),
            hint: error.hint,
        };
        let addresses = &settings.addresses;
        let application = settings.application("graph", &addresses.graph);
        let http = options(&application, environment).map_err(failed)?;
        let client = HttpClient::new(http).map_err(|error| DirectoryError {
            doing: format!("setting up the directory `{}`", settings.name),
            said: error.to_string(),
            hint: "check the file that `ca_file` names".to_owned(),
        })?;
        let tokens = |application| {
            let made = Tokens::new(&application, Arc::clone(vault), environment.clone()).map_err(failed)?;
            made.ok_or_else(|| DirectoryError {
                doing: format!("setting up the directory `{}`", settings.name),
                said: "there is nothing to sign in with".to_owned(),
                hint: "add `authorization` to the directory's document".to_owned(),
            })
        };
        Ok(Self {
            client,
            graph: tokens(application)?,
            exchange: tokens(settings.application("exchange", &addresses.exchange))?,
            root: format!("{}/v1.0", addresses.graph),
            command: format!(
                "{}/adminapi/beta/{}/InvokeCommand",
                addresses.exchange, settings.tenant
            ),
            connections: settings.connections as usize,
            left_alone_until: Mutex::new(Instant::now()),
        })
    }

    /// Sends no batch for this time.
    pub(super) fn leave_alone(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut known = self
            .left_alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = (*known).max(until);
    }

    /// Waits until batches may be sent.
    pub(super) async fn rest(&self) {
        let until = *self
            .left_alone_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if until > Instant::now() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// What is at an address, which may be a link from an answer.
    pub(super) async fn get(&self, address: &str, consistency: Consistency) -> Result<Json, Fault> {
        let header = match consistency {
            Consistency::Usual => None,
            Consistency::Eventual => Some(("ConsistencyLevel", "eventual")),
        };
        self.get_with(address, header).await
    }

    /// A page of changes, with nothing in it beside them.
    pub(super) async fn changes(&self, address: &str) -> Result<Json, Fault> {
        self.get_with(address, Some(("Prefer", "return=minimal"))).await
    }

    async fn get_with(&self, address: &str, header: Option<(&str, &str)>) -> Result<Json, Fault> {
        let url = if address.starts_with('/') {
            format!("{}{address}", self.root)
        } else {
            address.to_owned()
        };
        // A link leads on within Graph; the token goes nowhere else.
        if !url.starts_with(&format!("{}/", self.root)) {
            return Err(Fault::unreadable("a link in it leads to another service"));
        }
        let mut request = HttpRequest::get(url);
        if let Some((name, value)) = header {
            request.headers.push((name.to_owned(), value.into()));
        }
        judged(&self.exchange(&self.graph, &mut request).await?)
    }

    /// The answer to a request with a token in it, whatever its status.
    pub(super) async fn exchange(
        &self,
        tokens: &Arc<Tokens>,
        request: &mut HttpRequest,
    ) -> Result<HttpAnswer, Fault> {
        let answer = tokens.exchange(&self.client, request).await;
        answer
            .and_then(|answer| answer.map_err(SourceError::from))
            .map_err(|error| Fault::lost(&error))
    }

    /// Every row of a list, page after page.
    pub(super) async fn list(
        &self,
        first: &str,
        consistency: Consistency,
        mut row: impl FnMut(Json),
    ) -> Result<(), Fault> {
        let mut address = first.to_owned();
        loop {
            let mut page = self.get(&address, consistency).await?;
            for one in rows(&mut page)? {
                row(one);
            }
            match next_link(&page) {
                None => return Ok(()),
                Some(next) if next == address => {
                    return Err(Fault::unreadable("a page of a list leads to itself"));
                }
                Some(next) => address = next,
            }
        }
    }

    /// Has Exchange Online carry out a command about a mailbox. Microsoft's own tools work by this interface; Graph
    /// has nothing for it.
    pub(super) async fn command(&self, name: &str, mailbox: &str, parameters: &Json) -> Result<Json, Fault> {
        let body = serde_json::json!({ "CmdletInput": { "CmdletName": name, "Parameters": parameters } });
        // The same command twice leaves the mailbox as once does.
        let mut request = HttpRequest::new(Method::POST, self.command.clone(), Repeatable::Yes);
        request.body = Some(HttpBody {
            content_type: "application/json".to_owned(),
            text: body.to_string().into(),
        });
        let anchor = format!("UPN:{mailbox}");
        request
            .headers
            .push(("X-AnchorMailbox".to_owned(), anchor.into()));
        let answer = self.exchange(&self.exchange, &mut request).await?;
        judged(&answer).map_err(|fault| match fault.status {
            Some(401 | 403) => Fault {
                refusal: Refusal {
                    hint: "Give the application `Exchange.ManageAsApp` with consent, and the role Exchange \
                           Administrator."
                        .to_owned(),
                    ..fault.refusal
                },
                ..fault
            },
            _ => fault,
        })
    }
}

/// Where an answer may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consistency {
    /// The directory itself.
    Usual,
    /// Its index, which knows more ways to ask and is a little behind.
    Eventual,
}

/// The body of a success.
fn judged(answer: &HttpAnswer) -> Result<Json, Fault> {
    if !answer.status.is_success() {
        let body = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Err(Fault::of(answer.status.as_u16(), &body));
    }
    if answer.body.trim_ascii().is_empty() {
        return Ok(Json::Null);
    }
    serde_json::from_slice(&answer.body).map_err(|error| Fault::unreadable(&error.to_string()))
}

/// The rows of a page. A page without any list is none.
pub(super) fn rows(page: &mut Json) -> Result<Vec<Json>, Fault> {
    match page.get_mut("value").map(Json::take) {
        Some(Json::Array(rows)) => Ok(rows),
        _ => Err(Fault::unreadable("there is no `value` in a list")),
    }
}

/// Where a list goes on.
pub(super) fn next_link(page: &Json) -> Option<String> {
    page.get("@odata.nextLink")?.as_str().map(str::to_owned)
}

/// A text as a part of an address.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => {
                out.push(char::from(byte));
            }
            other => {
                out.push('%');
                for digit in [other >> 4, other & 15] {
                    out.extend(
                        char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()),
                    );
                }
            }
        }
    }
    out
}

/// A text in a filter (`OData` 4.01, section 5.1.1.6.1).
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_addresses_say_nothing_but_themselves() {
        assert_eq!(
            encoded(&quoted("O'Neil & Søn")),
            "%27O%27%27Neil%20%26%20S%C3%B8n%27"
        );
        assert_eq!(encoded("ada#ext@a/b"), "ada%23ext@a%2Fb");
    }
}
