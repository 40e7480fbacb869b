-- +goose Up

-- Which status of excused; empty: excused itself.
ALTER TABLE excuses ADD COLUMN status text NOT NULL DEFAULT '';
