//! What the pod machine orders to be done, and how such an operation can end. Data only; the runner performs them.

use super::environment::Sources;
use super::files::PodFiles;
use super::files::resolver::Warning;
use super::hooks::{Hook, HookFailure};
use super::probes::{Check, Probed};
use super::resize::{Change, Refusal};
use super::volumes::{VolumeFailure, VolumesUp};
use crate::admission::Rejection;
use crate::runtime::{ContainerSpec, Image, Instance, Pulled, SandboxSpec, StartError};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use stead_api::Value;
use stead_api::time::Timestamp;
use stead_volumes::SubPath;

/// Names an operation between its order and its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// Something that takes time. All are idempotent: an operation whose outcome was lost is ordered again.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Judges whether the node takes the pod. May be cancelled.
    Admit(Arc<Value>),
    /// Makes the pod's directory and its volumes, or brings them up to date; the node has seen the pod since then.
    SetUpVolumes {
        seen: Timestamp,
    },
    /// Removes the volumes with what is in them.
    TearDownVolumes,
    /// Removes every trace of the pod's directory.
    RemovePodDirectory,
    /// Has images and mounts them as volumes. May be cancelled.
    MountImages(Vec<ImageMount>),
    /// Binds paths inside volumes for a start.
    BindSubPaths(Vec<SubPath>),
    CreateSandbox(SandboxSpec),
    /// Ends what runs in it; when that is done, nothing runs in it and nothing will.
    StopSandbox(String),
    /// Removes every trace of it.
    RemoveSandbox(String),
    /// Looks up an image by reference. May be cancelled.
    InspectImage(String),
    /// Pulls an image with what these secrets of the namespace allow. May be cancelled.
    PullImage {
        reference: String,
        /// Whose image it is: that one's events tell of it.
        container: String,
        namespace: String,
        secrets: Vec<String>,
    },
    /// Reads what a container's environment refers to. May be cancelled.
    FetchSources {
        namespace: String,
        config_maps: Vec<String>,
        secrets: Vec<String>,
        files: Vec<VariableFile>,
    },
    /// Writes the files that every container is given. May be cancelled.
    WriteFiles(Box<PodFiles>),
    /// Fails: what is asked for cannot be done, and this says why.
    Refuse(String),
    StartContainer {
        sandbox: String,
        spec: Box<ContainerSpec>,
    },
    /// Removes records and logs of ended runs before that attempt.
    ForgetRuns {
        sandboxes: Vec<String>,
        container: String,
        before: u32,
    },
    /// Performs a hook of a container that runs. May be cancelled; whatever it began in the container is killed.
    Hook {
        sandbox: String,
        container: String,
        attempt: u32,
        hook: Hook,
    },
    /// Sends the stop signal of the image of that reference.
    Signal {
        sandbox: String,
        container: String,
        attempt: u32,
        image: String,
    },
    Kill {
        sandbox: String,
        container: String,
        attempt: u32,
    },
    /// Asks the node for room for what the pod asks for now.
    Allot(Arc<Value>),
    /// Changes limits, one after the other.
    Resize {
        sandbox: String,
        changes: Vec<Change>,
    },
    /// Asks a container how it is. May be cancelled.
    Probe(Box<Check>),
    WriteStatus {
        namespace: String,
        name: String,
        patch: Value,
    },
    /// Removes the pod's object, if it still is the one of that uid.
    DeleteObject {
        namespace: String,
        name: String,
        uid: String,
    },
}

/// An image that is a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageMount {
    pub volume: String,
    pub reference: String,
    pub pull_policy: String,
    /// It must not be pulled now: a pull failed a while ago.
    pub held_back: bool,
}

/// Why one could not be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageVolumeFailure {
    InvalidName(String),
    Inspect(String),
    NeverPull,
    HeldBack,
    Pull(String),
    Mount(String),
}

/// A file of variables in a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableFile {
    /// The volume's directory.
    pub root: PathBuf,
    pub volume: String,
    pub path: String,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Admitted(Result<(), Rejection>),
    Done(Result<(), String>),
    /// A sandbox was made, with these addresses of its own.
    Sandbox(Result<Vec<IpAddr>, String>),
    Volumes(Result<VolumesUp, Vec<VolumeFailure>>),
    ImagesMounted(Vec<(ImageMount, Result<(), ImageVolumeFailure>)>),
    Image(Result<Option<Image>, String>),
    /// An image was pulled, without the secrets that could not be had.
    Pulled {
        missing_secrets: Vec<String>,
        pulled: Result<Pulled, String>,
    },
    Sources(Result<Sources, String>),
    /// The pod's files were written, with these warnings.
    Files(Result<Vec<Warning>, String>),
    Started(Result<Instance, StartError>),
    Probed(Probed),
    Allotted(Result<(), Refusal>),
    Hook(Result<(), HookFailure>),
    /// A write to the API, with the object as it is afterwards.
    Written(Result<Arc<Value>, WriteFailure>),
}

/// Why a write to the API failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteFailure {
    /// The object is gone or another: the watch will tell.
    Gone,
    /// The server will not have it.
    Refused(String),
    /// It may work later.
    Failed(String),
}

impl Operation {
    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Admit(_) => "admit",
            Self::SetUpVolumes { .. } => "set up volumes",
            Self::TearDownVolumes => "tear down volumes",
            Self::RemovePodDirectory => "remove the pod's directory",
            Self::MountImages(_) => "mount images",
            Self::BindSubPaths(_) => "bind paths in volumes",
            Self::CreateSandbox(_) => "create sandbox",
            Self::StopSandbox(_) => "stop sandbox",
            Self::RemoveSandbox(_) => "remove sandbox",
            Self::InspectImage(_) => "inspect image",
            Self::PullImage { .. } => "pull image",
            Self::FetchSources { .. } => "fetch sources",
            Self::WriteFiles(_) => "write files",
            Self::Refuse(_) => "refuse",
            Self::StartContainer { .. } => "start container",
            Self::ForgetRuns { .. } => "forget runs",
            Self::Hook { .. } => "hook",
            Self::Signal { .. } => "signal",
            Self::Kill { .. } => "kill",
            Self::Allot(_) => "allot",
            Self::Resize { .. } => "resize",
            Self::Probe(_) => "probe",
            Self::WriteStatus { .. } => "write status",
            Self::DeleteObject { .. } => "delete object",
        }
    }
}
