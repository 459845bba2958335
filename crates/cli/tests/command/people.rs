//! A simulated JumpCloud in the test's own process.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;

use tenure_sim::population::{EventKind, Person, State, Whom};
use tenure_sim::{JumpCloud, JumpCloudOptions, Population, PopulationOptions};
use tokio::runtime::Runtime;

/// The API key that the simulator wants.
pub const API_KEY: &str = "simulated";

/// A running simulator with the runtime that it runs on.
pub struct People {
    jumpcloud: JumpCloud,
    _runtime: Runtime,
}

impl People {
    /// So many untidy people.
    pub fn start(people: usize, seed: u64) -> Self {
        Self::of(Population::generate(people, seed))
    }

    /// So many people who are untidy in all but one thing: each record has every value, a key above all. While new
    /// records without a key come, nobody is taken as gone.
    pub fn with_all_values(people: usize, seed: u64) -> Self {
        Self::of(Population::with_options(PopulationOptions {
            people,
            seed,
            missing_per_mille: 0,
            ..PopulationOptions::default()
        }))
    }

    /// These people.
    pub fn of(population: Population) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let options = JumpCloudOptions::new(population, API_KEY);
        let jumpcloud = runtime.block_on(JumpCloud::start(options)).unwrap();
        Self {
            jumpcloud,
            _runtime: runtime,
        }
    }

    /// The keys of those who should have an account now.
    pub fn active(&self) -> BTreeSet<String> {
        self.population(|population| {
            let active = population
                .people()
                .filter(|person| person.state() == State::Active);
            active.filter_map(Person::employee_identifier).collect()
        })
    }

    /// Takes somebody back who had left, by a call of the API as any client makes it.
    pub fn rehire(&self, key: &str) {
        let id = self.population(|population| {
            let found = population
                .people()
                .find(|person| person.employee_identifier().as_deref() == Some(key));
            found.unwrap().id()
        });
        let body = r#"{"suspended":false,"state":"ACTIVATED"}"#;
        let answer = call(&self.url(), "PUT", &format!("/api/systemusers/{id}"), body);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// Lets many things happen at once: hires, moves, changes of name, leavers, forgotten records.
    pub fn busy_day(&self, seed: u64) {
        let kinds = [
            (EventKind::Hire, 60),
            (EventKind::Move, 120),
            (EventKind::Rename, 40),
            (EventKind::Terminate, 30),
            (EventKind::Remove, 10),
        ];
        for (kind, times) in kinds {
            for nth in 0..times {
                self.event(kind, Whom::Anyone, seed * 1_000 + nth).unwrap();
            }
        }
    }
}

impl Deref for People {
    type Target = JumpCloud;

    fn deref(&self) -> &JumpCloud {
        &self.jumpcloud
    }
}

/// Calls a simulator and gives its answer, head and body.
pub fn call(url: &str, method: &str, path: &str, body: &str) -> String {
    let host = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nx-api-key: {API_KEY}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
