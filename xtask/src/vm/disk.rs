//! A disk that loses in a power cut what was not flushed, as real ones do: a server of the NBD protocol for qemu.
//! Killing qemu alone loses nothing, because what it has written is in the host's memory.

use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

/// The unit that a disk writes whole.
const SECTOR: usize = 512;
/// More than a filesystem leaves unflushed; above it the disk writes its cache out, as a real one would.
const CACHED_BYTES_MAX: usize = 256 << 20;
const REQUEST_BYTES_MAX: u32 = 64 << 20;

const GREETING: &[u8] = b"NBDMAGICIHAVEOPT";
const FIXED_NEWSTYLE: u16 = 1;
const OPTION_GO: u32 = 7;
const REPLY_MAGIC: u64 = 0x0003_e889_0455_65a9;
const REPLY_ACK: u32 = 1;
const REPLY_INFO: u32 = 3;
const REPLY_UNSUPPORTED: u32 = 0x8000_0001;
const INFO_EXPORT: u16 = 0;
/// Has flags, and knows to flush and to write through.
const FLAGS: u16 = 1 | 4 | 8;
const REQUEST_MAGIC: u32 = 0x2560_9513;
const ANSWER_MAGIC: u32 = 0x6744_6698;
const INVALID: u32 = 22;
const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;
const WRITE_THROUGH: u16 = 1;

/// A disk: what is on its platters, and what is only in its cache, in order of writing.
pub struct Disk {
    file: File,
    bytes: u64,
    cache: Vec<Write>,
    /// After that many more writes it answers no longer, and says so.
    stop: Option<(u64, oneshot::Sender<()>)>,
    stopped: bool,
}

struct Write {
    at: u64,
    data: Vec<u8>,
    /// Answered as durable, without a flush of what was written before.
    through: bool,
}

impl Disk {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().read(true).write(true).open(path).with_context(|| format!("open {}", path.display()))?;
        let bytes = file.metadata().context("look at the disk")?.len();
        Ok(Self { file, bytes, cache: Vec::new(), stop: None, stopped: false })
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>> {
        let mut data = vec![0; length];
        self.file.read_exact_at(&mut data, at).context("read the disk")?;
        for write in &self.cache {
            let (from, to) = (at.max(write.at), (at + length as u64).min(write.at + write.data.len() as u64));
            if from < to {
                let part = &write.data[(from - write.at) as usize..(to - write.at) as usize];
                data[(from - at) as usize..(to - at) as usize].copy_from_slice(part);
            }
        }
        Ok(data)
    }

    /// Takes that many writes more, then answers nothing until the power has been cut; the receiver is told.
    pub fn stop_after(&mut self, writes: u64) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.stop = Some((writes, sender));
        receiver
    }

    fn write(&mut self, write: Write) -> Result<()> {
        self.cache.push(write);
        if let Some((writes, sender)) = self.stop.take() {
            match writes {
                0 | 1 => {
                    self.stopped = true;
                    sender.send(()).ok(); // nobody waits any longer
                }
                more => self.stop = Some((more - 1, sender)),
            }
        }
        if self.cache.iter().map(|write| write.data.len()).sum::<usize>() > CACHED_BYTES_MAX { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        for write in self.cache.drain(..) {
            self.file.write_all_at(&write.data, write.at).context("write the disk")?;
        }
        Ok(())
    }

    /// The power goes: of what is only in the cache each sector is kept or lost, as `kept` says. How many were lost, of how many.
    pub fn cut(&mut self, mut kept: impl FnMut() -> bool) -> Result<(usize, usize)> {
        let (mut lost, mut all) = (0, 0);
        (self.stop, self.stopped) = (None, false);
        for write in std::mem::take(&mut self.cache) {
            for (number, sector) in write.data.chunks(SECTOR).enumerate() {
                all += 1;
                if write.through || kept() {
                    self.file.write_all_at(sector, write.at + (number * SECTOR) as u64).context("write the disk")?;
                } else {
                    lost += 1;
                }
            }
        }
        Ok((lost, all))
    }
}

/// Serves one machine after another, until the task is aborted.
pub async fn serve(listener: UnixListener, disk: Arc<Mutex<Disk>>) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await.context("wait for qemu")?;
        if let Err(error) = connection(stream, &disk).await {
            super::note(&format!("the disk's connection ended: {error:#}"));
        }
    }
}

async fn connection(mut stream: UnixStream, disk: &Mutex<Disk>) -> Result<()> {
    let bytes = disk.lock().expect("no holder panics").bytes;
    negotiate(&mut stream, bytes).await.context("agree with qemu")?;
    // A killed qemu ends its connection anywhere; that is no error.
    while let Ok(magic) = stream.read_u32().await {
        ensure!(magic == REQUEST_MAGIC, "no request: {magic:#x}");
        let flags = stream.read_u16().await?;
        let command = stream.read_u16().await?;
        let handle = stream.read_u64().await?;
        let at = stream.read_u64().await?;
        let length = stream.read_u32().await?;
        ensure!(length <= REQUEST_BYTES_MAX, "a request for {length} bytes");
        let mut data = vec![0; if command == WRITE { length as usize } else { 0 }];
        if stream.read_exact(&mut data).await.is_err() {
            return Ok(()); // the cut came within the request
        }
        if command == DISCONNECT {
            return Ok(());
        }
        let answer = {
            let mut disk = disk.lock().expect("no holder panics");
            let answer = if disk.stopped { None } else { Some(perform(&mut disk, command, flags, at, length, data)?) };
            answer.filter(|_| !disk.stopped)
        };
        let Some(answer) = answer else { continue };
        let mut reply = ANSWER_MAGIC.to_be_bytes().to_vec();
        reply.extend(if answer.is_some() { 0 } else { INVALID }.to_be_bytes());
        reply.extend(handle.to_be_bytes());
        reply.extend(answer.unwrap_or_default());
        if stream.write_all(&reply).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// What a request is answered with; `None` if the disk does not know it.
fn perform(disk: &mut Disk, command: u16, flags: u16, at: u64, length: u32, data: Vec<u8>) -> Result<Option<Vec<u8>>> {
    if command != FLUSH && at + u64::from(length) > disk.bytes {
        return Ok(None);
    }
    match command {
        READ => return disk.read(at, length as usize).map(Some),
        WRITE => disk.write(Write { at, data, through: flags & WRITE_THROUGH != 0 })?,
        FLUSH => disk.flush()?,
        _ => return Ok(None),
    }
    Ok(Some(Vec::new()))
}

/// The handshake ("fixed newstyle"): one export, whatever it is called.
async fn negotiate(stream: &mut UnixStream, bytes: u64) -> Result<()> {
    stream.write_all(GREETING).await?;
    stream.write_u16(FIXED_NEWSTYLE).await?;
    stream.read_u32().await?;
    loop {
        let mut magic = [0; 8];
        stream.read_exact(&mut magic).await?;
        ensure!(magic == GREETING[8..], "no option");
        let option = stream.read_u32().await?;
        let length = stream.read_u32().await?;
        ensure!(length <= REQUEST_BYTES_MAX, "an option of {length} bytes");
        stream.read_exact(&mut vec![0; length as usize]).await?;
        if option == OPTION_GO {
            let mut export = INFO_EXPORT.to_be_bytes().to_vec();
            export.extend(bytes.to_be_bytes());
            export.extend(FLAGS.to_be_bytes());
            reply(stream, option, REPLY_INFO, &export).await?;
            return reply(stream, option, REPLY_ACK, &[]).await;
        }
        reply(stream, option, REPLY_UNSUPPORTED, &[]).await?;
    }
}

async fn reply(stream: &mut UnixStream, option: u32, kind: u32, data: &[u8]) -> Result<()> {
    stream.write_u64(REPLY_MAGIC).await?;
    stream.write_u32(option).await?;
    stream.write_u32(kind).await?;
    stream.write_u32(u32::try_from(data.len()).expect("replies are short")).await?;
    stream.write_all(data).await.context("answer qemu")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        let file = tempfile::tempfile().unwrap();
        file.set_len(4096).unwrap();
        Disk { file, bytes: 4096, cache: Vec::new(), stop: None, stopped: false }
    }

    #[test]
    fn only_what_was_flushed_outlives_a_cut() {
        let mut disk = disk();
        perform(&mut disk, WRITE, 0, 0, 512, vec![1; 512]).unwrap();
        perform(&mut disk, FLUSH, 0, 0, 0, Vec::new()).unwrap();
        perform(&mut disk, WRITE, 0, 0, 1024, vec![2; 1024]).unwrap();
        assert_eq!(disk.read(0, 1024).unwrap(), vec![2; 1024]); // a reader sees the cache
        let mut turn = false;
        let cut = disk.cut(|| std::mem::replace(&mut turn, true)).unwrap();
        assert_eq!(cut, (1, 2));
        assert_eq!(disk.read(0, 512).unwrap(), vec![1; 512]);
        assert_eq!(disk.read(512, 512).unwrap(), vec![2; 512]);
    }

    #[test]
    fn a_stopped_disk_takes_nothing_more() {
        let mut disk = disk();
        let mut stopped = disk.stop_after(2);
        perform(&mut disk, WRITE, 0, 0, 512, vec![1; 512]).unwrap();
        assert!(stopped.try_recv().is_err());
        perform(&mut disk, WRITE, 0, 512, 512, vec![1; 512]).unwrap();
        assert!(stopped.try_recv().is_ok() && disk.stopped);
        assert_eq!(disk.cut(|| false).unwrap(), (2, 2));
        assert!(!disk.stopped);
    }

    #[test]
    fn a_write_through_outlives_a_cut() {
        let mut disk = disk();
        perform(&mut disk, WRITE, 0, 512, 512, vec![1; 512]).unwrap();
        perform(&mut disk, WRITE, WRITE_THROUGH, 512, 512, vec![3; 512]).unwrap();
        assert_eq!(disk.cut(|| false).unwrap(), (1, 2));
        assert_eq!(disk.read(512, 512).unwrap(), vec![3; 512]);
        assert!(perform(&mut disk, READ, 0, 4000, 512, Vec::new()).unwrap().is_none());
    }
}
