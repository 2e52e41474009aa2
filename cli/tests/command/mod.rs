//! The `steady` process: what it is given, what it prints and how it ends.

#![allow(dead_code, reason = "each test crate asks for its own part")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A folder of a test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("steady-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file; folders in its name are made.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Each line of stdout as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parsed = self.stdout.lines().map(serde_json::from_str);
        parsed.collect::<Result<_, _>>().unwrap()
    }

    /// The `kind` of each line.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |line: &Value| line["kind"].as_str().unwrap().to_owned();
        self.json().iter().map(kind).collect()
    }

    /// The lines of one kind.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Value> {
        let mut lines = self.json();
        lines.retain(|line| line["kind"] == kind);
        lines
    }

    pub(crate) fn good(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        self
    }
}

/// The command in `folder`, so that its messages name files as given.
pub(crate) fn command(folder: &Folder, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steady"));
    command.current_dir(folder.path()).args(args).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn steady(folder: &Folder, args: &[&str]) -> Done {
    done(command(folder, args).output().unwrap())
}

/// As [`steady`], with something on stdin.
pub(crate) fn steady_with_stdin(folder: &Folder, args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
    let piped = || Stdio::piped();
    let mut child =
        command(folder, args).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    // What it prints before it has read all fits the pipes in these tests.
    child.stdin.take().unwrap().write_all(stdin.as_ref()).unwrap();
    done(child.wait_with_output().unwrap())
}

fn done(output: std::process::Output) -> Done {
    Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Replays one recording as JSON lines.
pub(crate) fn replay_json(recording: impl AsRef<[u8]>) -> Done {
    let folder = Folder::new();
    folder.file("events.jsonl", recording);
    steady(&folder, &["replay", "--format", "json", "events.jsonl"])
}

/// The field names of a line of JSON, in its own order.
pub(crate) fn keys(line: &str) -> Vec<String> {
    struct Keys;
    impl<'de> serde::de::Visitor<'de> for Keys {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(line);
    serde::Deserializer::deserialize_map(&mut deserializer, Keys).unwrap()
}

/// Which of [`crate::recorded::failed`] were seen.
pub(crate) fn seen(done: &Done) -> Vec<u32> {
    let number = |stop: &Value| {
        let (id, _) = stop["reason"].as_str()?.strip_prefix("task ")?.split_once(':')?;
        u32::from_str_radix(id, 16).ok()
    };
    let stops = done.of_kind("stop");
    stops.iter().map(|stop| number(stop).unwrap()).collect()
}

/// Exit code, tasks seen, and what was said on stderr.
#[track_caller]
pub(crate) fn check(done: &Done, code: i32, tasks: &[u32], said: &[&str]) {
    let told: Vec<&str> = done.stderr.lines().collect();
    let came_to = (done.code, seen(done));
    assert_eq!(came_to, (Some(code), tasks.to_vec()), "{told:#?}");
    assert_eq!(told, said);
}
