//! Searches that find much: page after page, read ahead of whoever takes the entries, which lie where they were
//! received.

use tokio::sync::mpsc;

use super::answer::{Body, LdapResult, RawEntry};
use super::ber::BerError;
use super::codes::ResultCode;
use super::connection::Connection;
use super::control::{Control, changes_end, paged_cookie};
use super::error::LdapError;
use super::request::{MessageId, Request, Search};
use super::stream::{Channel, Messages, parse, unasked};

/// How many received pieces (of 256 KiB at most, if no single message is larger) wait to be taken. When they do, the
/// server is held back by not reading.
const READ_AHEAD: usize = 8;
/// More pages than any search has; a server that goes on is not getting anywhere.
const MAX_PAGES: u32 = 10_000_000;

/// How an answer is cut into pages, and asked for page by page.
enum Pages {
    /// By number of entries; all at once when it is 0.
    Of(u32),
    /// By the server, which tells changes and where it stands.
    Changes,
}

/// How a search ended.
struct Ended {
    channel: Channel,
    result: LdapResult,
    /// Where changes can be asked for the next time.
    cookie: Vec<u8>,
}

impl Connection {
    /// Hands every entry that a search finds to `take`, in pages of `page_size` (0: all at once), and returns how the
    /// search ended. It is not an error when the server stops early; its result code says so. A server that does not
    /// know pages is asked without. When `take` fails, or the returned future is dropped, the connection is done for.
    pub async fn search<T>(
        &mut self,
        search: impl Into<Request>,
        page_size: u32,
        take: T,
    ) -> Result<LdapResult, LdapError>
    where
        T: FnMut(RawEntry<'_>) -> Result<(), BerError> + Send,
    {
        let (result, _) = self
            .go_through(search.into(), Pages::Of(page_size), Vec::new(), take)
            .await?;
        Ok(result)
    }

    /// Hands what changed since `cookie` of every object that a search of a whole naming context finds to `take`, and
    /// returns how the search ended and the cookie to go on from (MS-ADTS 3.1.1.3.4.1.3). An empty cookie begins at
    /// the beginning of time.
    pub async fn changes<T>(
        &mut self,
        search: Search,
        cookie: &[u8],
        take: T,
    ) -> Result<(LdapResult, Vec<u8>), LdapError>
    where
        T: FnMut(RawEntry<'_>) -> Result<(), BerError> + Send,
    {
        self.go_through(search.into(), Pages::Changes, cookie.to_vec(), take)
            .await
    }

    async fn go_through<T>(
        &mut self,
        request: Request,
        pages: Pages,
        cookie: Vec<u8>,
        mut take: T,
    ) -> Result<(LdapResult, Vec<u8>), LdapError>
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
            controls: request.controls.clone(),
            request,
            pages,
            cookie,
            first_id,
            asked: 0,
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
        let Ended {
            channel,
            result,
            cookie,
        } = ended?;
        self.give_back(channel);
        self.listen(&result);
        Ok((result, cookie))
    }
}

/// Reads the pages of one search and asks for the next as soon as one has ended.
struct Reader {
    channel: Channel,
    request: Request,
    /// Those of the search itself.
    controls: Vec<Control>,
    pages: Pages,
    /// Where the page starts that was asked for last, and in the end where the next one would.
    cookie: Vec<u8>,
    first_id: MessageId,
    asked: u32,
    ahead: mpsc::Sender<Messages>,
}

/// How a page ended.
struct PageEnd {
    result: LdapResult,
    /// Where the next one starts, as far as the server says so.
    cookie: Vec<u8>,
    follows: Follows,
}

/// Whether another page follows.
#[derive(PartialEq, Eq)]
enum Follows {
    Yes,
    No,
}

impl Reader {
    async fn read(mut self) -> Result<Ended, LdapError> {
        let mut found_any = false;
        self.ask().await?;
        loop {
            let messages = self.channel.receiver.messages().await?;
            let end = self.end(messages.last())?;
            found_any |= end.is_none() || messages.iter().nth(1).is_some();
            // The next page is asked for before the end of this one is taken.
            let ended = match end {
                None => None,
                Some(end) if end.follows == Follows::Yes => {
                    self.cookie = end.cookie;
                    self.ask().await?;
                    None
                }
                Some(PageEnd { result, .. }) if self.knows_no_pages(&result, found_any) => {
                    self.pages = Pages::Of(0);
                    self.ask().await?;
                    None
                }
                Some(end) => Some(end),
            };
            self.ahead.send(messages).await.map_err(|_| self.abandoned())?;
            if let Some(PageEnd { result, cookie, .. }) = ended {
                return Ok(Ended {
                    channel: self.channel,
                    result,
                    cookie,
                });
            }
        }
    }

    async fn ask(&mut self) -> Result<(), LdapError> {
        if self.asked == MAX_PAGES {
            return Err(LdapError::Malformed {
                server: self.channel.receiver.server().to_owned(),
                why: format!("a search did not end after {MAX_PAGES} pages"),
            });
        }
        self.asked += 1;
        self.request.controls.clone_from(&self.controls);
        match self.pages {
            Pages::Of(0) => {}
            Pages::Of(size) => self.request.controls.push(Control::paged(size, &self.cookie)),
            Pages::Changes => self.request.controls.push(Control::changes(&self.cookie)),
        }
        let mut out = Vec::new();
        self.request.write(self.first_id + self.asked - 1, &mut out);
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
        if answer.id != self.first_id + self.asked - 1 {
            return Err(unasked(receiver.server()));
        }
        let result = result.read().map_err(malformed)?;
        let (cookie, more) = match self.pages {
            Pages::Of(_) => {
                let cookie = paged_cookie(answer.controls)
                    .map_err(malformed)?
                    .unwrap_or_default();
                (cookie.to_vec(), !cookie.is_empty())
            }
            Pages::Changes => changes_end(answer.controls)
                .map_err(malformed)?
                .map(|end| (end.cookie.to_vec(), end.more))
                .unwrap_or_default(),
        };
        let follows = if more && result.code == ResultCode::SUCCESS {
            Follows::Yes
        } else {
            Follows::No
        };
        Ok(Some(PageEnd {
            result,
            cookie,
            follows,
        }))
    }

    fn knows_no_pages(&self, result: &LdapResult, found_any: bool) -> bool {
        let in_pages = matches!(self.pages, Pages::Of(size) if size > 0);
        result.code == ResultCode::UNAVAILABLE_CONTROL && in_pages && !found_any
    }

    /// Whoever takes the entries has gone.
    fn abandoned(&self) -> LdapError {
        LdapError::Lost {
            server: self.channel.receiver.server().to_owned(),
            why: "the search was given up".to_owned(),
        }
    }
}
