//! Searches that find much: page after page, read ahead of whoever takes the entries, which lie where they were
//! received.

use tokio::sync::mpsc;

use super::answer::{Body, LdapResult, RawEntry};
use super::ber::BerError;
use super::codes::ResultCode;
use super::connection::Connection;
use super::control::{Control, paged_cookie};
use super::error::LdapError;
use super::request::{MessageId, Request, Search};
use super::stream::{Channel, Messages, parse, unasked};

/// How many received pieces (of 256 KiB at most, if no single message is larger) wait to be taken. When they do, the
/// server is held back by not reading.
const READ_AHEAD: usize = 8;
/// More pages than any search has; a server that goes on is not getting anywhere.
const MAX_PAGES: u32 = 10_000_000;

impl Connection {
    /// Hands every entry that a search finds to `take`, in pages of `page_size` (0: all at once), and returns how the
    /// search ended. It is not an error when the server stops early; its result code says so. A server that does not
    /// know pages is asked without. When `take` fails, or the returned future is dropped, the connection is done for.
    pub async fn search<T>(
        &mut self,
        search: Search,
        page_size: u32,
        mut take: T,
    ) -> Result<LdapResult, LdapError>
    where
        T: FnMut(RawEntry<'_>) -> Result<(), BerError> + Send,
    {
        let channel = self.lend_channel()?;
        let server = self.shared_name();
        // Each page takes an id; between two searches numbers may start over, see `take_ids`.
        let first_id = self.take_ids(MAX_PAGES);
        let (ahead, mut received) = mpsc::channel(READ_AHEAD);
        let reader = Reader {
            channel,
            request: search.into(),
            page_size,
            first_id,
            pages: 0,
            ahead,
        };
        let reading = tokio::spawn(reader.read());
        while let Some(messages) = received.recv().await {
            for message in messages.iter() {
                let answer = parse(&server, message)?;
                if answer.id < first_id {
                    return Err(unasked(&server));
                }
                if let Body::Entry(entry) = answer.body {
                    take(entry).map_err(|error| LdapError::malformed(&server, error))?;
                }
            }
        }
        let ended = reading.await.map_err(|error| LdapError::Lost {
            server: server.to_string(),
            why: error.to_string(),
        })?;
        let (channel, result) = ended?;
        self.give_back(channel);
        Ok(result)
    }
}

/// Reads the pages of one search and asks for the next as soon as one has ended.
struct Reader {
    channel: Channel,
    request: Request,
    page_size: u32,
    first_id: MessageId,
    pages: u32,
    ahead: mpsc::Sender<Messages>,
}

/// How a page ended, and where the next one starts; none after the last.
struct PageEnd {
    result: LdapResult,
    cookie: Option<Vec<u8>>,
}

impl Reader {
    async fn read(mut self) -> Result<(Channel, LdapResult), LdapError> {
        let mut found_any = false;
        self.ask(&[]).await?;
        loop {
            let messages = self.channel.receiver.messages().await?;
            let end = self.end(messages.last())?;
            found_any |= end.is_none() || messages.iter().nth(1).is_some();
            // The next page is asked for before the end of this one is taken.
            let ended = match end {
                None => None,
                Some(PageEnd {
                    cookie: Some(cookie), ..
                }) => {
                    self.ask(&cookie).await?;
                    None
                }
                Some(PageEnd { result, .. }) if self.knows_no_pages(&result, found_any) => {
                    self.page_size = 0;
                    self.ask(&[]).await?;
                    None
                }
                Some(PageEnd { result, .. }) => Some(result),
            };
            self.ahead.send(messages).await.map_err(|_| self.abandoned())?;
            if let Some(result) = ended {
                return Ok((self.channel, result));
            }
        }
    }

    async fn ask(&mut self, cookie: &[u8]) -> Result<(), LdapError> {
        if self.pages == MAX_PAGES {
            return Err(LdapError::Malformed {
                server: self.channel.receiver.server().to_owned(),
                why: format!("a search did not end after {MAX_PAGES} pages"),
            });
        }
        self.pages += 1;
        self.request.controls.clear();
        if self.page_size > 0 {
            self.request.controls.push(Control::paged(self.page_size, cookie));
        }
        let mut out = Vec::new();
        self.request.write(self.first_id + self.pages - 1, &mut out);
        self.channel.sender.send(&out).await
    }

    /// Reads the last message that came, if it is the end of a page.
    fn end(&self, message: &[u8]) -> Result<Option<PageEnd>, LdapError> {
        let receiver = &self.channel.receiver;
        let malformed = |error| LdapError::malformed(receiver.server(), error);
        let answer = receiver.parse(message)?;
        let Body::Done(result) = answer.body else {
            return Ok(None);
        };
        if answer.id != self.first_id + self.pages - 1 {
            return Err(unasked(receiver.server()));
        }
        let result = result.read().map_err(malformed)?;
        let cookie = paged_cookie(answer.controls).map_err(malformed)?;
        let goes_on = result.code == ResultCode::SUCCESS;
        let cookie = cookie
            .filter(|cookie| goes_on && !cookie.is_empty())
            .map(<[u8]>::to_vec);
        Ok(Some(PageEnd { result, cookie }))
    }

    fn knows_no_pages(&self, result: &LdapResult, found_any: bool) -> bool {
        result.code == ResultCode::UNAVAILABLE_CONTROL && self.page_size > 0 && !found_any
    }

    /// Whoever takes the entries has gone.
    fn abandoned(&self) -> LdapError {
        LdapError::Lost {
            server: self.channel.receiver.server().to_owned(),
            why: "the search was given up".to_owned(),
        }
    }
}
