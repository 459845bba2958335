//! A channel of a chat: a message written in its style, and posted to its incoming webhook. Whoever knows the address
//! may post, so that it is shown nowhere.

use std::time::Duration;

use serde_json::{Value as Json, json};
use tenure_core::document::{self, ChannelStyle};
use tenure_core::seams::{Secrets, SourceError};
use tenure_core::secret::Secret;
use tokio::sync::OnceCell;
use url::Url;

use super::delivery::Delivery;
use crate::http::{
    HttpAnswer, HttpBody, HttpClient, HttpError, HttpOptions, HttpRequest, MASK, Masked, Method,
    PrivateAddresses, Repeatable, Retries, Trust, said,
};
use crate::source::{Environment, connection_text, misconfigured};

/// How long one message may take with all its repetitions.
const TOTAL: Duration = Duration::from_secs(90);
/// How long the other side may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Posts a second: what Slack takes of one webhook.
const RATE: f64 = 1.0;
/// How much of an answer is read, in bytes.
const ANSWER: u64 = 64 << 10;
/// How much of it is told, in characters.
const TOLD: usize = 300;
/// The longest text, in bytes: Teams takes 28 KB with everything around it, in which a character may be written longer.
const LONGEST: usize = 12 << 10;
/// The most lines of a card: each costs more than its text.
const LINES: usize = 120;
/// The longest text in one block of Slack's, in characters.
const SECTION: usize = 2_900;
/// The longest heading there.
const HEADING: usize = 150;
/// From how many bytes on a part of the address counts as secret.
const SECRET: usize = 8;
/// What stands where a text was cut.
const CUT: &str = "… (cut here)";

/// A channel as its document describes it.
pub(super) struct Channel {
    document: document::Channel,
    open: OnceCell<Open>,
}

/// What it takes to post.
struct Open {
    client: HttpClient,
    url: Secret,
    /// What must not be shown of what the other side says.
    secrets: Vec<Secret>,
}

impl Channel {
    /// Reads a channel. Nothing is connected yet.
    pub(super) fn new(document: &document::Channel) -> Self {
        Self {
            document: document.clone(),
            open: OnceCell::new(),
        }
    }

    /// Whether the other side takes no message twice.
    pub(super) fn takes_keys(&self) -> bool {
        self.document.idempotency_header.is_some()
    }

    /// A message as it is posted.
    pub(super) fn written(&self, subject: &str, text: &str) -> Json {
        let text = shortened(text.trim_end(), LONGEST);
        match self.document.style {
            ChannelStyle::Teams => card(subject, &text),
            ChannelStyle::Slack => blocks(subject, &text),
            ChannelStyle::Json => json!({ self.document.field(): format!("{subject}\n\n{text}") }),
        }
    }

    /// Posts a message; `key` is the same whenever it is tried.
    pub(super) async fn post(
        &self,
        message: &Json,
        (key, repeatable): (&str, bool),
        environment: &Environment,
        vault: &dyn Secrets,
    ) -> Delivery {
        let open = match self
            .open
            .get_or_try_init(|| self.opened(environment, vault))
            .await
        {
            Ok(open) => open,
            Err(error) => return Delivery::Refused(error.to_string()),
        };
        let repeats = if repeatable {
            Repeatable::Yes
        } else {
            Repeatable::WhenNotDone
        };
        let url = Masked::Secret {
            sent: open.url.clone(),
            shown: MASK.to_owned(),
        };
        let mut request = HttpRequest::new(Method::POST, url, repeats);
        if let Some(header) = &self.document.idempotency_header {
            request.headers.push((header.clone(), key.into()));
        }
        request.body = Some(HttpBody {
            content_type: "application/json".to_owned(),
            text: message.to_string().into(),
        });
        request.secrets.clone_from(&open.secrets);
        match open.client.exchange(&request).await {
            Ok(answer) => self.judge(&answer, repeatable, &open.secrets),
            Err(failure) => {
                let why = failure.error.to_string();
                if failure.error.is_unknown() && !repeatable {
                    Delivery::Unknown(why)
                } else if failure.error.is_passing()
                    || failure.error.is_unknown()
                    // It asked to be left in peace for longer than there was time.
                    || matches!(failure.error, HttpError::TotalTime { .. })
                {
                    Delivery::Failed(why)
                } else {
                    Delivery::Refused(why)
                }
            }
        }
    }

    fn judge(&self, answer: &HttpAnswer, repeatable: bool, secrets: &[Secret]) -> Delivery {
        let told = said(&answer.body, TOLD, secrets);
        if answer.status.is_success() {
            // Teams' connectors of old say 200 and mean something else.
            let failed = self.document.style == ChannelStyle::Teams
                && told.to_ascii_lowercase().contains("message delivery failed");
            return match failed {
                false => Delivery::Taken,
                true if told.contains("429") => Delivery::Failed(told),
                true => Delivery::Refused(told),
            };
        }
        let status = HttpError::Status {
            status: answer.status,
            said: told,
        };
        let why = status.to_string();
        if status.is_unknown() && !repeatable {
            Delivery::Unknown(why)
        } else if status.is_passing() {
            Delivery::Failed(why)
        } else {
            Delivery::Refused(why)
        }
    }

    async fn opened(&self, environment: &Environment, vault: &dyn Secrets) -> Result<Open, SourceError> {
        let document = &self.document;
        let doing = format!("setting up the channel `{}`", document.name);
        let url = connection_text(&document.url, &doing, environment, vault).await?;
        let read = Url::parse(url.expose().trim())
            .ok()
            .filter(|read| matches!(read.scheme(), "http" | "https"));
        let Some(read) = read else {
            // What it is instead is not told: it may be another secret.
            let hint = "keep the address of the incoming webhook with `tenure secret set NAME`";
            return Err(misconfigured(&doing, "its `url` is no address of HTTP", hint));
        };
        let trust = match &document.ca_file {
            None => Trust::Machine,
            Some(file) => {
                let path = environment.folder.join(file);
                let pem = std::fs::read_to_string(&path).map_err(|error| {
                    let said = format!("reading {}: {error}", path.display());
                    misconfigured(&doing, said, "check the file that `ca_file` names")
                })?;
                Trust::Authorities { pem }
            }
        };
        let options = HttpOptions {
            read_timeout: PATIENCE,
            total_time: TOTAL,
            response_bytes: ANSWER,
            concurrency: 1,
            rate: Some(RATE),
            retries: Retries {
                times: 3,
                ..Retries::default()
            },
            private_addresses: match document.private_addresses {
                document::PrivateAddresses::Refused => PrivateAddresses::Refused,
                document::PrivateAddresses::Allowed => PrivateAddresses::Allowed,
            },
            trust,
            ..HttpOptions::default()
        };
        let client = HttpClient::new(options).map_err(|error| {
            misconfigured(&doing, error.to_string(), "check the file that `ca_file` names")
        })?;
        // Services repeat parts of it; those that are too short to be secret would be found everywhere.
        let segments = read.path().split('/').map(str::to_owned);
        let values = read.query_pairs().map(|(_, value)| value.into_owned());
        let parts = segments.chain(values).filter(|part| part.len() >= SECRET);
        let whole = [read.to_string(), read.path().to_owned()].into_iter();
        Ok(Open {
            client,
            secrets: whole.chain(parts).map(Secret::new).collect(),
            url: Secret::new(read.to_string()),
        })
    }
}

/// A message with an Adaptive Card. Its texts are runs, in which nothing is taken for markup.
fn card(subject: &str, text: &str) -> Json {
    let line = |text: &str, run: Json| {
        let mut run = run;
        if let Some(run) = run.as_object_mut() {
            run.insert("type".to_owned(), "TextRun".into());
            // An empty run is not valid; a space that does not break keeps the empty line.
            let text = if text.is_empty() { "\u{a0}" } else { text };
            run.insert("text".to_owned(), text.into());
        }
        run
    };
    let mut body = vec![json!({
        "type": "RichTextBlock",
        "inlines": [line(subject, json!({ "size": "Medium", "weight": "Bolder" }))],
    })];
    let cut = text.lines().nth(LINES).map(|_| CUT);
    body.extend(text.lines().take(LINES).chain(cut).map(|text| {
        json!({
            "type": "RichTextBlock",
            "spacing": "None",
            "inlines": [line(text, json!({}))],
        })
    }));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
            },
        }],
    })
}

/// A message of blocks. `text` is what notifications and screen readers show.
fn blocks(subject: &str, text: &str) -> Json {
    let heading: String = subject.chars().take(HEADING).collect();
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": heading, "emoji": false },
    })];
    for section in sections(&for_mrkdwn(text)) {
        blocks.push(json!({
            "type": "section",
            "text": { "type": "mrkdwn", "text": section, "verbatim": true },
        }));
    }
    json!({ "text": for_mrkdwn(subject), "blocks": blocks })
}

/// A text of which nothing is taken for a mention or a link.
fn for_mrkdwn(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A text in parts that are short enough, cut between lines where that is possible.
fn sections(text: &str) -> Vec<String> {
    let (mut sections, mut section, mut length) = (Vec::new(), String::new(), 0);
    let mut end = |section: &mut String| {
        let whole = std::mem::take(section);
        if !whole.trim().is_empty() {
            sections.push(whole.trim_end().to_owned());
        }
    };
    for line in text.split_inclusive('\n') {
        let letters = line.chars().count();
        if length + letters > SECTION {
            end(&mut section);
            length = 0;
        }
        for letter in line.chars() {
            // Not within `&amp;`: its parts would be read as they are.
            if length >= SECTION && !section.rsplit('&').next().is_some_and(is_half_escape) {
                end(&mut section);
                length = 0;
            }
            section.push(letter);
            length += 1;
        }
    }
    end(&mut section);
    sections
}

/// Whether what follows the last `&` is the beginning of what that begins.
fn is_half_escape(rest: &str) -> bool {
    ["amp;", "lt;", "gt;"]
        .iter()
        .any(|whole| rest.len() < whole.len() && whole.starts_with(rest))
}

/// The start of a text that is too long, with a word that it was cut.
fn shortened(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let mut end = longest.saturating_sub(CUT.len() + 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let start = text.get(..end).unwrap_or_default();
    let start = start.rsplit_once('\n').map_or(start, |(start, _)| start);
    format!("{start}\n{CUT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_lines_and_never_within_an_escape() {
        assert_eq!(
            shortened("a\nbb\nccc\ndddd dddd dddd dddd", 24),
            "a\nbb\nccc\n… (cut here)"
        );
        let lines = "x".repeat(2_000) + "\n" + &"&".repeat(2_000);
        let parts = sections(&for_mrkdwn(&lines));
        assert!(parts.iter().all(|part| part.len() <= SECTION + 4), "{parts:?}");
        assert_eq!(parts.concat(), for_mrkdwn(&lines).replace('\n', ""));
        assert!(
            parts
                .iter()
                .skip(1)
                .all(|part| part.replace("&amp;", "").is_empty())
        );
    }
}
