//! How a remote command ended, as clients are told (STR-7).

use serde_json::{Value, json};

use crate::channels::Version;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Well.
    Success,
    /// With an exit code that is not 0.
    Code {
        /// The code.
        code: i32,
        /// What is said of it, beside the code.
        text: String,
    },
    /// It could not be run, or its end is not known.
    Failed(String),
}

impl End {
    fn message(&self) -> Option<String> {
        match self {
            End::Success => None,
            End::Code { text, .. } => Some(format!("command terminated with non-zero exit code: {text}")),
            End::Failed(text) => Some(format!("Internal error occurred: {text}")),
        }
    }

    /// What is written on the error channel.
    pub(super) fn written(&self, version: Version) -> Vec<u8> {
        if version < Version::Four {
            return self.message().unwrap_or_default().into_bytes();
        }
        self.status().to_string().into_bytes()
    }

    fn status(&self) -> Value {
        let mut status = json!({"metadata": {}, "status": if *self == End::Success { "Success" } else { "Failure" }});
        if let Some(message) = self.message() {
            status["message"] = message.into();
        }
        match self {
            End::Success => {}
            End::Code { code, .. } => {
                status["reason"] = "NonZeroExitCode".into();
                status["details"] = json!({"causes": [{"reason": "ExitCode", "message": code.to_string()}]});
            }
            End::Failed(text) => {
                status["reason"] = "InternalError".into();
                status["details"] = json!({"causes": [{"message": text}]});
                status["code"] = 500.into();
            }
        }
        status
    }
}
