//! The images: one file each, with the scripts beside it.

mod busybox;
mod kafka;
mod mysql;
mod nginx;
mod postgres;
mod redis;
mod zookeeper;

use super::recipe::Image;

pub const IMAGES: [&Image; 8] = [
    &nginx::NGINX,
    &busybox::BUSYBOX,
    &mysql::MYSQL,
    &postgres::POSTGRES,
    &redis::REDIS,
    &zookeeper::ZOOKEEPER,
    &kafka::KAFKA,
    &kafka::KAFKA_WITH_ZOOKEEPER,
];
