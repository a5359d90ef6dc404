//! Runs the tree of a script. Owns the shell's state and its children; what a builtin does is `builtins.rs`'s. Forks, so the
//! process must have one thread. Input: a tree. Output: an exit code, or how the flow of control leaves the place.

use super::pattern;
use super::redirect::Saved;
use super::syntax::{Node, Place, Redirect, Simple, Word};
use super::{builtins, parse};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, execve, pipe2};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use stead_sys::process::{Fork, exit_immediately, fork_single_threaded};
use stead_sys::{fd, signal};

/// Deepest nesting of function calls and `eval`s.
const CALLS_MAX: usize = 200;
/// Where programs are looked for without PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// How the flow of control leaves a place other than by going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Exit(i32),
    Return(i32),
    Break(usize),
    Continue(usize),
    /// An error in what was typed: back to the prompt.
    Abandon,
}

pub type Outcome<T> = Result<T, Flow>;

#[derive(Debug, Clone)]
struct Variable {
    value: String,
    exported: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub interactive: bool,
    /// `-e`: a command that fails ends the shell.
    pub errexit: bool,
    /// `-u`: an unset variable is an error.
    pub nounset: bool,
    /// `-x`: commands are shown before they run.
    pub xtrace: bool,
}

pub struct Shell {
    variables: BTreeMap<String, Variable>,
    functions: BTreeMap<String, Rc<Node>>,
    pub name: String,
    pub positional: Vec<String>,
    pub status: i32,
    pub options: Options,
    pub calls: usize,
    /// Where a failure is a condition, not an error.
    conditions: usize,
    /// The process that an `&` started last.
    background: Option<i32>,
    /// Children that ended while another was waited for.
    ended: BTreeMap<i32, i32>,
    /// The command is the script's last: a program may take this process over.
    pub is_last: bool,
}

impl Shell {
    /// A shell with the variables of its environment.
    pub fn new(name: &str, positional: Vec<String>, environment: impl Iterator<Item = (String, String)>) -> Self {
        let variables = environment.map(|(name, value)| (name, Variable { value, exported: true })).collect();
        Self {
            variables,
            functions: BTreeMap::new(),
            name: name.to_owned(),
            positional,
            status: 0,
            options: Options::default(),
            calls: 0,
            conditions: 0,
            background: None,
            ended: BTreeMap::new(),
            is_last: false,
        }
    }

    pub fn complain(&self, message: &str) {
        crate::complain("sh", message);
    }

    /// The value of a variable or parameter.
    pub fn get(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" => Some(std::process::id().to_string()),
            "!" => self.background.map(|pid| pid.to_string()),
            "#" => Some(self.positional.len().to_string()),
            "@" | "*" => Some(self.positional.join(" ")).filter(|_| !self.positional.is_empty()),
            "-" => Some(self.flags()),
            "0" => Some(self.name.clone()),
            _ => match name.parse::<usize>() {
                Ok(number) => self.positional.get(number.checked_sub(1)?).cloned(),
                Err(_) => self.variables.get(name).map(|variable| variable.value.clone()),
            },
        }
    }

    fn flags(&self) -> String {
        let options = &self.options;
        let flags = [('e', options.errexit), ('i', options.interactive), ('u', options.nounset), ('x', options.xtrace)];
        flags.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag).collect()
    }

    pub fn set(&mut self, name: &str, value: &str) -> Outcome<()> {
        if !is_name(name) {
            return Err(self.fatal(&format!("{name}: not a name of a variable")));
        }
        let exported = self.variables.get(name).is_some_and(|variable| variable.exported);
        self.variables.insert(name.to_owned(), Variable { value: value.to_owned(), exported });
        Ok(())
    }

    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    pub fn forget_function(&mut self, name: &str) {
        self.functions.remove(name);
    }

    pub fn has_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    pub fn export(&mut self, name: &str) {
        let variable = self.variables.entry(name.to_owned()).or_insert(Variable { value: String::new(), exported: true });
        variable.exported = true;
    }

    /// `NAME=value` of all that is exported.
    pub fn environment(&self) -> Vec<String> {
        self.variables.iter().filter(|(_, v)| v.exported).map(|(name, v)| format!("{name}={}", v.value)).collect()
    }

    /// Parses and runs a text.
    pub fn run_text(&mut self, text: &str) -> Outcome<i32> {
        match parse::script(text) {
            Ok(tree) => self.nested(|shell| shell.run(&tree)),
            Err(error) => {
                self.status = 2;
                Err(self.fatal(&syntax(&error)))
            }
        }
    }

    /// Goes one call down.
    pub fn nested(&mut self, work: impl FnOnce(&mut Self) -> Outcome<i32>) -> Outcome<i32> {
        if self.calls >= CALLS_MAX {
            return Err(self.fatal("nested too deeply"));
        }
        self.calls += 1;
        let outcome = work(self);
        self.calls -= 1;
        outcome
    }

    pub fn run(&mut self, node: &Node) -> Outcome<i32> {
        // Only what stands last in a list of lists may be taken over.
        let is_last = std::mem::take(&mut self.is_last);
        self.status = match node {
            Node::Simple(simple) => self.simple(simple, is_last)?,
            Node::Pipeline { negated, stages } => self.pipeline(*negated, stages)?,
            Node::And(first, second) => match self.condition(first)? {
                0 => self.run(second)?,
                code => code,
            },
            Node::Or(first, second) => match self.condition(first)? {
                0 => 0,
                _ => self.run(second)?,
            },
            Node::List(commands) => self.list(commands, is_last)?,
            Node::Subshell(list) => self.subshell(list)?,
            Node::Redirected(inner, redirects) => self.redirected(inner, redirects)?,
            Node::If { arms, otherwise } => self.choose(arms, otherwise.as_deref())?,
            Node::Loop { goes_on_with, condition, body } => self.repeat(*goes_on_with, condition, body)?,
            Node::For { name, words, body } => self.each(name, words.as_deref(), body)?,
            Node::Case { word, arms } => self.case(word, arms)?,
            Node::Function { name, body } => {
                self.functions.insert(name.clone(), Rc::clone(body));
                0
            }
        };
        Ok(self.status)
    }

    /// Runs what decides over something else.
    fn condition(&mut self, node: &Node) -> Outcome<i32> {
        self.conditions += 1;
        let outcome = self.run(node);
        self.conditions -= 1;
        outcome
    }

    /// `set -e`: a failure that nobody looks at is the end.
    fn judged(&self, code: i32) -> Outcome<i32> {
        if code != 0 && self.options.errexit && self.conditions == 0 { Err(Flow::Exit(code)) } else { Ok(code) }
    }

    fn list(&mut self, commands: &[(Node, Place)], is_last: bool) -> Outcome<i32> {
        let mut code = 0;
        for (index, (command, place)) in commands.iter().enumerate() {
            match place {
                Place::Foreground => {
                    self.is_last = is_last && index + 1 == commands.len();
                    code = self.run(command)?;
                }
                Place::Background => {
                    let interactive = self.options.interactive;
                    let pid = self.fork(|shell| {
                        if !interactive && let Ok(nothing) = File::open("/dev/null") {
                            fd::place(nothing.as_raw_fd(), 0).unwrap_or_default();
                        }
                        shell.run(command)
                    })?;
                    self.background = Some(pid);
                    code = 0;
                }
            }
        }
        Ok(code)
    }

    /// A child that does `work` and ends with its code.
    fn fork(&mut self, work: impl FnOnce(&mut Self) -> Outcome<i32>) -> Outcome<i32> {
        std::io::stdout().flush().unwrap_or_default();
        match fork_single_threaded() {
            Ok(Fork::Parent(pid)) => Ok(pid),
            Ok(Fork::Child) => {
                signal::reset_all();
                self.options.interactive = false;
                self.ended.clear();
                // What it does is all that it is for.
                self.is_last = true;
                let code = match work(self) {
                    Ok(code) | Err(Flow::Exit(code) | Flow::Return(code)) => code,
                    Err(Flow::Break(_) | Flow::Continue(_)) => self.status,
                    Err(Flow::Abandon) => 2,
                };
                std::io::stdout().flush().unwrap_or_default();
                exit_immediately(code)
            }
            Err(error) => Err(self.fatal(&format!("cannot fork: {error}"))),
        }
    }

    /// Waits for a child; as first process of a container it takes up others' children too.
    pub fn wait(&mut self, pid: i32) -> Outcome<i32> {
        loop {
            if let Some(code) = self.ended.remove(&pid) {
                return Ok(code);
            }
            match waitpid(Pid::from_raw(-1), None) {
                Ok(WaitStatus::Exited(ended, code)) => {
                    self.ended.insert(ended.as_raw(), code);
                }
                Ok(WaitStatus::Signaled(ended, by, _)) => {
                    if by == Signal::SIGINT && ended.as_raw() == pid && !self.options.interactive {
                        return Err(Flow::Exit(128 + by as i32));
                    }
                    self.ended.insert(ended.as_raw(), 128 + by as i32);
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return Ok(NOT_FOUND),
            }
        }
    }

    /// Waits for every child.
    pub fn wait_for_all(&mut self) {
        while !matches!(waitpid(Pid::from_raw(-1), None), Err(error) if error != Errno::EINTR) {}
        self.ended.clear();
    }

    fn pipeline(&mut self, negated: bool, stages: &[Node]) -> Outcome<i32> {
        let code = match stages {
            [only] if negated => self.condition(only)?,
            [only] => self.run(only)?,
            _ => self.connected(stages)?,
        };
        Ok(if negated { i32::from(code == 0) } else { code })
    }

    fn connected(&mut self, stages: &[Node]) -> Outcome<i32> {
        let mut pids = Vec::new();
        let mut input: Option<OwnedFd> = None;
        for (index, stage) in stages.iter().enumerate() {
            let next = if index + 1 < stages.len() {
                Some(pipe2(OFlag::O_CLOEXEC).map_err(|error| self.fatal(&format!("cannot make a pipe: {error}")))?)
            } else {
                None
            };
            let (reader, writer) = next.map_or((None, None), |(reader, writer)| (Some(reader), Some(writer)));
            let from = input.take();
            let pid = self.fork(|shell| {
                for (end, number) in [(&from, 0), (&writer, 1)] {
                    if let Some(end) = end {
                        fd::place(end.as_raw_fd(), number).map_err(|error| shell.fatal(&error.to_string()))?;
                    }
                }
                drop((from, writer, reader.as_ref().map(|reader| fd::close_number(reader.as_raw_fd()))));
                shell.run(stage)
            })?;
            pids.push(pid);
            input = reader;
        }
        drop(input);
        let mut code = 0;
        for pid in pids {
            code = self.wait(pid)?;
        }
        self.judged(code)
    }

    fn subshell(&mut self, list: &Node) -> Outcome<i32> {
        let pid = self.fork(|shell| shell.run(list))?;
        let code = self.wait(pid)?;
        self.judged(code)
    }

    /// What `$(list)` prints, without the newlines at its end.
    pub fn substitute(&mut self, list: &Node) -> Outcome<String> {
        let (reader, writer) = pipe2(OFlag::O_CLOEXEC).map_err(|error| self.fatal(&format!("cannot make a pipe: {error}")))?;
        let number = reader.as_raw_fd();
        let pid = self.fork(|shell| {
            fd::place(writer.as_raw_fd(), 1).map_err(|error| shell.fatal(&error.to_string()))?;
            fd::close_number(writer.as_raw_fd());
            fd::close_number(number);
            shell.run(list)
        })?;
        drop(writer);
        let mut bytes = Vec::new();
        File::from(reader).read_to_end(&mut bytes).map_err(|error| self.fatal(&error.to_string()))?;
        self.status = self.wait(pid)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    fn redirected(&mut self, inner: &Node, redirects: &[Redirect]) -> Outcome<i32> {
        if redirects.is_empty() {
            return self.run(inner);
        }
        let Some(saved) = self.redirect(redirects)? else { return self.judged(1) };
        let outcome = self.run(inner);
        saved.restore();
        outcome
    }

    /// Makes redirections in this process; None: one failed, which was said.
    fn redirect(&mut self, redirects: &[Redirect]) -> Outcome<Option<Saved>> {
        let mut saved = Saved::default();
        for redirect in redirects {
            let target = self.target(&redirect.target)?;
            if let Err(message) = saved.make(redirect.fd, &target) {
                self.complain(&message);
                saved.restore();
                return Ok(None);
            }
        }
        Ok(Some(saved))
    }

    fn choose(&mut self, arms: &[(Node, Node)], otherwise: Option<&Node>) -> Outcome<i32> {
        for (condition, body) in arms {
            if self.condition(condition)? == 0 {
                return self.run(body);
            }
        }
        otherwise.map_or(Ok(0), |body| self.run(body))
    }

    fn repeat(&mut self, goes_on_with: bool, condition: &Node, body: &Node) -> Outcome<i32> {
        let mut code = 0;
        while (self.condition(condition)? == 0) == goes_on_with {
            match self.once(body)? {
                Some(done) => code = done,
                None => return Ok(0),
            }
        }
        Ok(code)
    }

    fn each(&mut self, name: &str, words: Option<&[Word]>, body: &Node) -> Outcome<i32> {
        let values = match words {
            Some(words) => self.fields(words)?,
            None => self.positional.clone(),
        };
        let mut code = 0;
        for value in values {
            self.set(name, &value)?;
            match self.once(body)? {
                Some(done) => code = done,
                None => return Ok(0),
            }
        }
        Ok(code)
    }

    /// A loop's body; None: the loop is to be left.
    fn once(&mut self, body: &Node) -> Outcome<Option<i32>> {
        match self.run(body) {
            Ok(code) => Ok(Some(code)),
            Err(Flow::Break(1)) => Ok(None),
            Err(Flow::Continue(1)) => Ok(Some(0)),
            Err(Flow::Break(loops)) => Err(Flow::Break(loops - 1)),
            Err(Flow::Continue(loops)) => Err(Flow::Continue(loops - 1)),
            Err(flow) => Err(flow),
        }
    }

    fn case(&mut self, word: &Word, arms: &[(Vec<Word>, Node)]) -> Outcome<i32> {
        let text: Vec<char> = self.text(word)?.chars().collect();
        for (patterns, body) in arms {
            for pattern in patterns {
                let pattern = self.one_field(pattern)?;
                if pattern::matches(&pattern, &text) {
                    return self.run(body);
                }
            }
        }
        Ok(0)
    }

    fn simple(&mut self, simple: &Simple, is_last: bool) -> Outcome<i32> {
        let words = self.fields(&simple.words)?;
        // The code of a command's substitution is that of a command without a name.
        let substituted = if simple.words.is_empty() { 0 } else { self.status };
        self.status = substituted;
        let mut assignments = Vec::new();
        for (name, value) in &simple.assignments {
            assignments.push((name.clone(), self.text(value)?));
        }
        if self.options.xtrace {
            let shown: Vec<String> = assignments.iter().map(|(name, value)| format!("{name}={value}")).chain(words.clone()).collect();
            writeln!(std::io::stderr(), "+ {}", shown.join(" ")).unwrap_or_default();
        }
        let code = match words.first() {
            None => self.nameless(&assignments, &simple.redirects)?,
            Some(name) if self.functions.contains_key(name) || builtins::is_builtin(name) => {
                self.in_process(&words, &assignments, &simple.redirects)?
            }
            Some(_) if is_last => return self.program(&words, &assignments, &simple.redirects),
            Some(_) => {
                let pid = self.fork(|shell| shell.program(&words, &assignments, &simple.redirects))?;
                self.wait(pid)?
            }
        };
        self.judged(code)
    }

    /// Assignments and redirections without a command.
    fn nameless(&mut self, assignments: &[(String, String)], redirects: &[Redirect]) -> Outcome<i32> {
        for (name, value) in assignments {
            self.set(name, value)?;
        }
        let code = self.status;
        Ok(match self.redirect(redirects)? {
            Some(saved) => {
                saved.restore();
                code
            }
            None => 1,
        })
    }

    /// A function or builtin, for which assignments hold only while it runs.
    fn in_process(&mut self, words: &[String], assignments: &[(String, String)], redirects: &[Redirect]) -> Outcome<i32> {
        let Some(saved) = self.redirect(redirects)? else { return Ok(1) };
        let before: Vec<(String, Option<Variable>)> =
            assignments.iter().map(|(name, _)| (name.clone(), self.variables.get(name).cloned())).collect();
        for (name, value) in assignments {
            self.set(name, value)?;
            self.export(name);
        }
        let outcome = match self.functions.get(&words[0]).cloned() {
            Some(body) => self.call(&body, &words[1..]),
            None => builtins::run(self, words),
        };
        for (name, variable) in before {
            match variable {
                Some(variable) => self.variables.insert(name, variable),
                None => self.variables.remove(&name),
            };
        }
        std::io::stdout().flush().unwrap_or_default();
        // `exec >file` is for good.
        if words[0] == "exec" && words.len() == 1 {
            saved.keep()
        } else {
            saved.restore()
        }
        outcome
    }

    fn call(&mut self, body: &Node, arguments: &[String]) -> Outcome<i32> {
        let before = std::mem::replace(&mut self.positional, arguments.to_vec());
        let outcome = self.nested(|shell| shell.run(body));
        self.positional = before;
        match outcome {
            Err(Flow::Return(code)) => Ok(code),
            outcome => outcome,
        }
    }

    /// Becomes a program; comes back only with a code that says why not.
    pub fn program(&mut self, words: &[String], assignments: &[(String, String)], redirects: &[Redirect]) -> Outcome<i32> {
        match self.redirect(redirects)? {
            Some(saved) => saved.keep(),
            None => return Ok(1),
        }
        for (name, value) in assignments {
            self.set(name, value)?;
            self.export(name);
        }
        let Some(path) = self.find(&words[0]) else {
            self.complain(&format!("{}: not found", words[0]));
            return Ok(NOT_FOUND);
        };
        let texts = |list: Vec<String>| list.into_iter().map(CString::new).collect::<Result<Vec<_>, _>>();
        let (Ok(path_text), Ok(arguments), Ok(environment)) =
            (CString::new(path.clone()), texts(words.to_vec()), texts(self.environment()))
        else {
            self.complain("an argument has a zero byte");
            return Ok(NOT_EXECUTABLE);
        };
        signal::reset_all();
        let Err(error) = execve(&path_text, &arguments, &environment);
        // A script without a first line that names its interpreter is ours.
        if error == Errno::ENOEXEC
            && let Ok(text) = std::fs::read(&path)
        {
            self.name = path;
            self.positional = words[1..].to_vec();
            return self.run_text(&String::from_utf8_lossy(&text));
        }
        self.complain(&format!("{}: {}", words[0], error.desc()));
        Ok(if error == Errno::ENOENT { NOT_FOUND } else { NOT_EXECUTABLE })
    }

    /// Where a program is.
    pub fn find(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            return Some(name.to_owned());
        }
        let path = self.get("PATH").unwrap_or_else(|| PATH.to_owned());
        let candidates = path.split(':').map(|folder| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") });
        candidates.into_iter().find(|path| Path::new(path).is_file())
    }
}

/// What a parser's error is to the user.
pub fn syntax(error: &parse::Error) -> String {
    match error {
        parse::Error::Incomplete => "syntax error: unexpected end of the text".to_owned(),
        parse::Error::Unexpected(what) => format!("syntax error: {what}"),
    }
}

pub fn is_name(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(begins) && name.chars().all(|c| begins(c) || c.is_ascii_digit())
}
