//! A headless Chromium with one page, driven by its DevTools protocol over a pipe: what a user would do with mouse and keyboard, and what the
//! page then shows. Input: scripts and selectors. Output: what they find; it waits for what it is told to wait for, ten minutes at most.

use crate::kubectl::{Limit, limited};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The browser of this machine.
pub fn program() -> Option<PathBuf> {
    find_program(&PROGRAMS)
}

/// Where one of these programs is.
#[expect(clippy::disallowed_methods, reason = "tests are told by their environment")]
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let dirs = std::env::var_os("PATH")?;
    std::env::split_paths(&dirs).flat_map(|dir| names.iter().map(move |name| dir.join(name))).find(|path| path.is_file())
}

/// What a screen is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Desk,
    Telephone,
}

/// A page in a browser of its own.
#[derive(Debug)]
pub struct Page {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: String,
    last: u64,
    /// Errors and warnings that the browser itself wrote into the page's console.
    pub complaints: Vec<String>,
    /// Requests that failed, to be told if something never comes.
    failures: Vec<String>,
    _limit: Limit,
    // Last: the browser has ended, with all its processes, before it goes.
    _profile: TempDir,
}

/// A directory for what a browser keeps.
pub fn home() -> TempDir {
    tempfile::Builder::new().prefix("stead-browser-").tempdir().expect("a directory can be made")
}

/// Noted before any script of a page runs.
const WATCH_POLICY: &str = "window.violations = []; \
    addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));";

impl Page {
    /// Opens a page that takes the server's certificate without asking.
    pub fn open(program: &Path, url: &str) -> Self {
        Self::open_at_home(program, url, home())
    }

    /// The same of somebody who has a home already.
    #[expect(clippy::disallowed_methods, reason = "these tests run a browser")]
    pub fn open_at_home(program: &Path, url: &str, profile: TempDir) -> Self {
        let mut command = Command::new("sh");
        // The browser reads orders from descriptor 3 and answers on 4.
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"]).arg(program);
        command.args(["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--ignore-certificate-errors", "--disable-gpu"]);
        command.args(["--no-first-run", "--disable-dev-shm-usage", "--disable-background-networking"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.env("HOME", profile.path());
        let (mut child, limit) = limited(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let (to, from) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let from = BufReader::new(from);
        let mut page = Self {
            child,
            to,
            from,
            session: String::new(),
            last: 0,
            complaints: Vec::new(),
            failures: Vec::new(),
            _limit: limit,
            _profile: profile,
        };
        let target = page.order("Target.createTarget", json!({"url": "about:blank"}));
        let attached = page.order("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        page.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            page.order(&format!("{domain}.enable"), json!({}));
        }
        page.order("Page.addScriptToEvaluateOnNewDocument", json!({"source": WATCH_POLICY}));
        page.screen(Screen::Desk);
        page.go(url);
        page
    }

    pub fn go(&mut self, url: &str) {
        loop {
            let went = self.order("Page.navigate", json!({"url": url}));
            // Another test's pods have come or gone meanwhile.
            if went["errorText"] != "net::ERR_NETWORK_CHANGED" {
                return assert!(went["errorText"].is_null(), "{url}: {went}");
            }
        }
    }

    pub fn reload(&mut self) {
        self.order("Page.reload", json!({}));
    }

    pub fn screen(&mut self, screen: Screen) {
        let (width, height, mobile) = match screen {
            Screen::Desk => (1400, 900, false),
            Screen::Telephone => (360, 740, true),
        };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.order("Emulation.setDeviceMetricsOverride", metrics);
        self.order("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile}));
    }

    /// What a script comes to; if that is a promise, when it is kept.
    pub fn script(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let came = self.order("Runtime.evaluate", asked);
        assert!(came["exceptionDetails"].is_null(), "{script}\n{}\n{:#?}", came["exceptionDetails"], self.failures);
        came["result"]["value"].clone()
    }

    /// Waits until a condition holds in the page; looks before each picture.
    pub fn until(&mut self, condition: &str) {
        let script = format!(
            "new Promise((kept, broken) => {{ const begun = Date.now(); const look = () => ({condition}) ? kept(true) \
             : Date.now() - begun > 60000 ? broken(new Error(document.body.innerText)) : setTimeout(look, 20); look(); }})"
        );
        self.script(&script);
    }

    /// Waits until an element shows a text.
    pub fn shows(&mut self, selector: &str, text: &str) {
        self.until(&format!("[...document.querySelectorAll({selector:?})].some((element) => element.innerText.includes({text:?}))"));
    }

    /// The text of the first element.
    pub fn text(&mut self, selector: &str) -> String {
        self.script(&format!("document.querySelector({selector:?}).innerText")).as_str().expect("a text").to_owned()
    }

    /// Clicks, with the mouse, on what is there under that name, once it is.
    pub fn click(&mut self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?})?.disabled === false"));
        let place = self.script(&format!(
            "(() => {{ const element = document.querySelector({selector:?}); element.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const {{x, y, width, height}} = element.getBoundingClientRect(); const at = [x + width / 2, y + height / 2]; \
             return document.elementFromPoint(...at)?.closest('button, input') === element ? at : null; }})()"
        ));
        assert!(place.is_array(), "{selector} is covered by something");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.order("Input.dispatchMouseEvent", event);
        }
    }

    /// Writes over what a field holds.
    pub fn write(&mut self, selector: &str, text: &str) {
        self.script(&format!("document.querySelector({selector:?}).select()"));
        self.order("Input.insertText", json!({"text": text}));
    }

    pub fn press(&mut self, key: &str) {
        for kind in ["rawKeyDown", "keyUp"] {
            let code = if key == "Escape" { 27 } else { 13 };
            self.order("Input.dispatchKeyEvent", json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}));
        }
    }

    /// What the page's policy kept from happening.
    pub fn violations(&mut self) -> Value {
        self.script("window.violations")
    }

    fn order(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut order = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            order["sessionId"] = self.session.as_str().into();
        }
        self.to.write_all(format!("{order}\0").as_bytes()).expect("the browser takes orders");
        loop {
            let message = self.message();
            if message["id"] == self.last {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).expect("the browser answers");
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&bytes).expect("the browser answers JSON")
    }

    fn note(&mut self, message: &Value) {
        match message["method"].as_str() {
            Some("Log.entryAdded") => {
                let entry = &message["params"]["entry"];
                let list = if entry["source"] == "network" { &mut self.failures } else { &mut self.complaints };
                list.push(entry.to_string());
            }
            Some("Runtime.exceptionThrown") => self.complaints.push(message["params"]["exceptionDetails"].to_string()),
            _ => {}
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Asked to close, it waits for its processes, which write into the profile; the pipe's end says that the last has gone.
        self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0").ok();
        std::io::copy(&mut self.from, &mut std::io::sink()).ok();
        self.child.wait().ok();
    }
}
