//! Somebody authorizes an application at a real OAuth 2.0 server.

use tenure_lab::{Browser, LabError, OidcProvider, ReservedPort};
use url::Url;

use super::served::{Answer, FORM, Served, callback};
use crate::home::{Home, wait_for};

/// An OAuth 2.0 server, an application behind it, and Tenure.
struct World {
    home: Home,
    served: Served,
    _provider: OidcProvider,
}

impl World {
    /// None where Node.js is not installed: nothing can be shown there.
    fn start() -> Option<Self> {
        let port = ReservedPort::reserve().unwrap();
        let provider = match OidcProvider::start(&callback(&port)) {
            Ok(provider) => provider,
            Err(LabError::Missing { program, package }) if matches!(program.as_str(), "node" | "npm") => {
                eprintln!("SKIPPED: `{program}` is not installed (Debian package `{package}`)");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let url = provider.url();
        let documents = format!(
            "
kind: application
name: crew
private_addresses: allowed
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: {url}/auth
  token_url: {url}/token
  client_id: people
  client_secret: \"{{{{ secret('people') }}}}\"
  scope: [people]
endpoints: [{{ name: users, url: '{url}/api/users', records: '$.results[*]' }}]
---
kind: data_source
name: staff
application: crew
endpoints: [{{ endpoint: users, primary_key: _id }}]
attributes: {{ employeeID: _id, mail: email }}
"
        );
        let home = Home::new(&[("crew.yaml", documents)]);
        home.secret("people", OidcProvider::PEOPLE_SECRET);
        let served = Served::start(&home, port);
        Some(Self {
            home,
            served,
            _provider: provider,
        })
    }

    /// Presses the button on the page: the vendor's page, and the cookie to come back with.
    fn begin(&self) -> (Url, String) {
        let page = self.served.open("/").with(200);
        let page = page.says("action=\"/applications/crew/authorize\"");
        assert!(!page.body.contains("<script"), "{}", page.body);
        let sent = self.served.ask("POST", "/applications/crew/authorize", FORM);
        let sent = sent.with(303);
        (sent.header("location").parse().unwrap(), sent.cookie())
    }

    /// Signs in at the vendor, and gives the address that the browser is sent to.
    fn sign_in(&self, page: &Url) -> Url {
        let browser = Browser::new().unwrap();
        wait_for(browser.sign_in(page, &self.served.callback())).unwrap()
    }

    fn come_back(&self, to: &Url, cookie: &str) -> Answer {
        self.served.come_back(to, cookie)
    }

    fn secrets(&self) -> String {
        self.home.run(&["secret", "list"]).with(0).out
    }
}

#[test]
fn oidc_an_application_is_authorized_on_the_page_and_fetched_by_the_command() {
    let Some(world) = World::start() else { return };
    let greeting = &world.served.greeting;
    assert!(greeting.contains(&world.served.callback()), "{greeting}");
    world.home.run(&["fetch", "staff"]).with(1);
    let page = world.served.open("/").with(200).says("needs authorization");
    let page = page.says("nobody has agreed yet").says(&world.served.callback());
    page.says("<button>Authorize crew</button>");

    let (vendor, cookie) = world.begin();
    let query: std::collections::HashMap<_, _> = vendor.query_pairs().into_owned().collect();
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["redirect_uri"], world.served.callback());
    let back = world.sign_in(&vendor);
    // Whoever gets hold of the address cannot use it, and does not spoil it.
    let stolen = world.come_back(&back, "").with(403);
    stolen.says("Another browser began this authorization");
    let foreign = "Cookie: tenure-browser=0000\r\n";
    world.come_back(&back, foreign).with(403);
    world.home.run(&["applications"]).with(3);

    let done = world
        .come_back(&back, &cookie)
        .with(200)
        .says("crew is authorized");
    done.says("tenure fetch staff");
    world
        .served
        .open("/")
        .with(200)
        .says("Nobody has to do anything")
        .says("Its token is good until")
        .says("<button class=\"second\">Authorize crew again</button>");
    let fetched = world.home.run(&["fetch", "staff"]).with(0);
    assert!(fetched.out.contains("ada@lab.test"), "{}", fetched.out);
    world.home.run(&["applications"]).with(0);

    // The same answer again, and one with a guessed state.
    let again = world.come_back(&back, &cookie).with(409);
    again.says("it is good only once").says("Nothing was kept");
    let mut guessed = back.clone();
    guessed.set_query(Some("code=guessed&state=guessed"));
    world
        .come_back(&guessed, &cookie)
        .with(400)
        .says("its state is not known");
    world.home.run(&["applications"]).with(0);

    world.served.ask_to_end();
    let log = world.served.ended().err;
    assert!(
        log.contains("GET /oauth/callback: 200") && log.contains("the application `crew` is authorized"),
        "{log}"
    );
    for (name, value) in back.query_pairs() {
        assert!(
            name == "iss" || !log.contains(value.as_ref()),
            "{name} is in the log: {log}"
        );
    }
    let cookie = cookie.trim().rsplit('=').next().unwrap();
    assert!(!log.contains(cookie), "{log}");
}

#[test]
fn oidc_whoever_does_not_agree_is_told_what_to_do_and_nothing_is_kept() {
    let Some(world) = World::start() else { return };
    let (vendor, cookie) = world.begin();
    let browser = Browser::new().unwrap();
    let back = wait_for(browser.refuse(&vendor, &world.served.callback())).unwrap();
    let refused = world.come_back(&back, &cookie).with(403);
    let refused = refused.says("crew was not authorized").says("access_denied");
    refused
        .says("action=\"/applications/crew/authorize\"")
        .says("Nothing was kept");
    assert!(!world.secrets().contains("authorization/"));
    world.home.run(&["applications"]).with(3);

    // A code that the vendor does not know, with the right state.
    let (vendor, cookie) = world.begin();
    let state = vendor.query_pairs().find(|(name, _)| name == "state").unwrap().1;
    let mut invented = Url::parse(&world.served.callback()).unwrap();
    invented
        .query_pairs_mut()
        .append_pair("code", "hunter22-code")
        .append_pair("state", &state);
    let answer = world.come_back(&invented, &cookie).with(502);
    let answer = answer.says("the code was not accepted: invalid_grant");
    assert!(!answer.body.contains("hunter22"), "{}", answer.body);
    assert!(!world.secrets().contains("authorization/"));

    // It works at the next attempt, in the same browser.
    let (vendor, cookie) = world.begin();
    let back = world.sign_in(&vendor);
    world.come_back(&back, &cookie).with(200);
    world.home.run(&["fetch", "staff"]).with(0);
}
