//! The page behind a whole API server: who gets a link, what a link opens, and what a session is good for.

use super::*;
use std::time::Duration;
use stead_server::InvalidCredentials;
use stead_testing::environment::virtual_time;
use stead_testing::http::Client;

const PODS: &str = "/api/v1/namespaces/default/pods";
const HOST: &str = "127.0.0.1:6443";
const ORIGIN: &str = "https://127.0.0.1:6443";

/// A server with the page.
struct World {
    client: Client,
}

/// What came back.
struct Answer {
    code: u16,
    headers: http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// A browser that was let in.
#[derive(Clone)]
struct Browser {
    cookie: String,
    half: String,
}

impl Browser {
    fn headers(&self) -> Vec<(&str, &str)> {
        vec![("cookie", &self.cookie), (SESSION_HEADER, &self.half), ("sec-fetch-site", "same-origin")]
    }
}

impl World {
    async fn new() -> Self {
        let client = Client::fresh(7).await.unwrap();
        client.server().register_site(Arc::new(Ui::new(Arc::new(virtual_time(9)), 6443, Box::new(|| Some("AB:CD".to_owned())))));
        Self { client }
    }

    async fn send(&self, method: &str, path: &str, user: Option<Identity>, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(full(body.to_owned())).unwrap();
        if let Some(user) = user {
            request.extensions_mut().insert(user);
        }
        self.answer(request).await
    }

    async fn answer(&self, request: http::Request<Body>) -> Answer {
        let Ok(response) = tower::ServiceExt::oneshot(self.client.server().service(), request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { code: head.status.as_u16(), headers: head.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, None, headers, "").await
    }

    /// The secret of a link that this user has asked for.
    async fn link(&self, user: Identity) -> String {
        let made = self.send("POST", LINKS_PATH, Some(user), &[], "").await;
        assert_eq!(made.code, 201, "{}", made.text);
        made.json()["path"].as_str().unwrap().strip_prefix("/ui#once=").unwrap().to_owned()
    }

    async fn open(&self, once: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send("POST", "/ui/session", None, &headers, &json!({"once": once}).to_string()).await
    }

    async fn sign_in(&self) -> Browser {
        let once = self.link(Identity::master("root")).await;
        let opened = self.open(&once, &[("origin", ORIGIN), ("sec-fetch-site", "same-origin")]).await;
        assert_eq!(opened.code, 201, "{}", opened.text);
        let cookie = opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Browser { cookie, half: opened.json()["session"].as_str().unwrap().to_owned() }
    }
}

fn eve() -> Identity {
    Identity { user: "eve".to_owned(), groups: vec![Identity::AUTHENTICATED.to_owned()], ..Identity::default() }
}

#[tokio::test(start_paused = true)]
async fn the_page_is_for_everybody_and_takes_nothing_from_elsewhere() {
    let world = World::new().await;
    for path in ["/ui", "/ui/", "/ui/app.js", "/ui/style.css"] {
        let page = world.get(path, &[]).await;
        assert_eq!(page.code, 200, "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
    }
    assert_eq!(world.get("/ui/none.js", &[]).await.code, 404);
    // A browser may have certificates of others.
    let mut request = http::Request::get("/ui").body(full("")).unwrap();
    request.extensions_mut().insert(InvalidCredentials);
    let response = tower::ServiceExt::oneshot(world.client.server().service(), request).await.unwrap();
    assert_eq!(response.status(), 200);
    // With whatever credentials: whoever asks is no better known for it.
    assert!(response.extensions().get::<stead_server::AnsweredTo>().is_none());
    assert_eq!(world.send("POST", "/ui", None, &[], "").await.code, 405);
    assert_eq!(world.send("HEAD", "/ui", None, &[], "").await.text, "");
}

#[tokio::test(start_paused = true)]
async fn links_are_for_those_whom_roles_give_them_and_open_what_their_maker_may() {
    let world = World::new().await;
    let anonymous = world.send("POST", LINKS_PATH, None, &[], "").await;
    assert_eq!((anonymous.code, anonymous.json()["reason"].as_str()), (403, Some("Forbidden")));
    assert_eq!(world.send("POST", LINKS_PATH, Some(eve()), &[], "").await.code, 403);
    let made = world.send("POST", LINKS_PATH, Some(Identity::master("root")), &[], "").await.json();
    assert_eq!((made["user"].as_str(), made["certificateSHA256"].as_str()), (Some("root"), Some("AB:CD")));
    // A page of a session makes no further ones, though its user might.
    let browser = world.sign_in().await;
    let refused = world.send("POST", LINKS_PATH, None, &browser.headers(), "").await;
    assert!(refused.code == 403 && refused.text.contains("use kubectl"), "{}", refused.text);
    let who = world.get("/ui/session", &browser.headers()).await.json();
    assert_eq!((who["user"].as_str(), who["groups"][0].as_str()), (Some("root"), Some("system:masters")));
    assert!(who["endsAt"].is_string() && who["session"].is_null(), "{who}");
}

#[tokio::test(start_paused = true)]
async fn a_link_opens_once_soon_and_for_the_page_alone() {
    let world = World::new().await;
    let once = world.link(Identity::master("root")).await;
    for elsewhere in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://127.0.0.1:8443")] {
        assert_eq!(world.open(&once, &[elsewhere]).await.code, 403, "{elsewhere:?}");
    }
    let form = [("content-type", "text/plain")];
    assert_eq!(world.send("POST", "/ui/session", None, &form, &json!({"once": once}).to_string()).await.code, 403);
    assert_eq!(world.open("AAAA", &[]).await.code, 401);
    let opened = world.open(&once, &[]).await;
    assert_eq!(opened.code, 201);
    let cookie = opened.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-stead-6443=") && cookie.ends_with("; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(world.open(&once, &[]).await.code, 401, "used twice");
    let late = world.link(Identity::master("root")).await;
    tokio::time::advance(Duration::from_secs(121)).await;
    let refused = world.open(&late, &[]).await;
    assert!(refused.code == 401 && refused.text.contains("`stead ui` prints another"), "{}", refused.text);
}

#[tokio::test(start_paused = true)]
async fn a_session_has_two_halves_and_an_origin() {
    let world = World::new().await;
    let Browser { cookie, half } = world.sign_in().await;
    let other = world.sign_in().await;
    let both = [("cookie", cookie.as_str()), (SESSION_HEADER, half.as_str())];
    assert_eq!(world.get(PODS, &both).await.code, 200);
    // Browsers may send several cookies, in several headers.
    let among = format!("a=b; {cookie}");
    assert_eq!(world.get(PODS, &[("cookie", "c=d"), ("cookie", &among), both[1]]).await.code, 200);
    // A page of another origin has the cookie alone, which is nobody; another server of this host has that, too.
    let refused = world.get(PODS, &both[..1]).await;
    assert!(refused.code == 403 && refused.text.contains("system:anonymous"), "{}", refused.text);
    assert_eq!(world.get(PODS, &both[1..]).await.code, 401);
    assert_eq!(world.get(PODS, &[both[0], (SESSION_HEADER, &other.half)]).await.code, 401, "halves of two sessions");
    assert_eq!(world.get(PODS, &[both[0], (SESSION_HEADER, "")]).await.code, 401);
    for elsewhere in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "none"), ("origin", "https://127.0.0.1:8443"), ("origin", "null")]
    {
        assert_eq!(world.get(PODS, &[both[0], both[1], elsewhere]).await.code, 401, "{elsewhere:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_does_what_the_page_does_and_nothing_else() {
    let world = World::new().await;
    let browser = world.sign_in().await;
    let headers = browser.headers();
    assert_eq!(world.get("/apis/apps/v1/statefulsets", &headers).await.code, 200);
    for path in [
        "/api/v1/secrets",
        "/api/v1/namespaces/default/%73ecrets",
        "/openapi/v2",
        "/api/v1/namespaces/default/services/x:80/proxy/",
        "/debug/other",
    ] {
        let refused = world.get(path, &headers).await;
        assert!(refused.code == 403 && refused.text.contains("use kubectl"), "{path}: {}", refused.text);
    }
    // Not by way of somebody else, either.
    let as_other = [&headers[..], &[("impersonate-user", "system:admin"), ("impersonate-group", "system:masters")]].concat();
    assert_eq!(world.get("/api/v1/secrets", &as_other).await.code, 403);
    let upgrade = [&headers[..], &[("connection", "upgrade"), ("upgrade", "websocket")]].concat();
    assert_eq!(world.get(&format!("{PODS}/x/exec?command=sh"), &headers).await.code, 403);
    assert_eq!(world.get(&format!("{PODS}/x/log"), &upgrade).await.code, 403, "an upgraded connection");
    let create = world.send("POST", PODS, None, &[&headers[..], &[("content-type", "application/json")]].concat(), "{}").await;
    assert_eq!(create.code, 403);
    assert_eq!(world.send("DELETE", &format!("{PODS}/x"), None, &headers, "").await.code, 404, "allowed, and not there");
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_when_its_user_says_so_and_by_itself() {
    let world = World::new().await;
    let (one, other) = (world.sign_in().await, world.sign_in().await);
    let gone = world.send("DELETE", "/ui/session", None, &one.headers(), "").await;
    assert!(gone.code == 200 && gone.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let refused = world.get(PODS, &one.headers()).await;
    assert!(refused.code == 401 && refused.text.contains("the session has ended"), "{}", refused.text);
    assert_eq!(world.get(PODS, &other.headers()).await.code, 200);
    tokio::time::advance(Duration::from_secs(12 * 3600)).await;
    assert_eq!(world.get(PODS, &other.headers()).await.code, 401);
    assert_eq!(world.get("/ui/session", &[]).await.code, 401, "nobody");
}

#[tokio::test(start_paused = true)]
async fn sessions_are_few() {
    let world = World::new().await;
    let first = world.sign_in().await;
    for _ in 0..63 {
        world.sign_in().await;
    }
    assert_eq!(world.get(PODS, &first.headers()).await.code, 200);
    world.sign_in().await;
    assert_eq!(world.get(PODS, &first.headers()).await.code, 401, "the oldest gives way");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_needs_no_session_and_other_sites_do_not_use_it() {
    let world = World::new().await;
    let root = || Some(Identity::master("root"));
    let who = world.send("GET", "/ui/session", root(), &[("sec-fetch-site", "same-origin")], "").await.json();
    assert_eq!((who["user"].as_str(), who["endsAt"].is_null()), (Some("root"), true));
    let delete = format!("{PODS}/x");
    for site in ["cross-site", "same-site"] {
        let refused = world.send("DELETE", &delete, root(), &[("sec-fetch-site", site)], "").await;
        assert!(refused.code == 403 && refused.text.contains("a page of another site"), "{}", refused.text);
        let exec = [("sec-fetch-site", site), ("connection", "upgrade"), ("upgrade", "websocket")];
        assert_eq!(world.send("GET", &format!("{PODS}/x/exec?command=sh"), root(), &exec, "").await.code, 403);
    }
    for own in [&[("sec-fetch-site", "same-origin")], &[("user-agent", "kubectl")]] {
        assert_eq!(world.send("DELETE", &delete, root(), own, "").await.code, 404, "no such pod");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_the_page_is_short() {
    let world = World::new().await;
    assert_eq!(world.open(&"A".repeat(5000), &[]).await.code, 413);
}
