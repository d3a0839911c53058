/** Fields: written as the search language wants them, read however they are written. */

import { describe, expect, it } from 'vitest';
import { labelField, normalizeField, quoteKey, quoteText, readField, unquote, writeField, writeStep } from './fields';

describe('quoteKey', () => {
  it.each([
    ['loss', 'loss'],
    ['mlflow.user', 'mlflow.user'],
    ['val/loss', '`val/loss`'],
    ['val loss', '`val loss`'],
    ['größe', '`größe`'],
    ['a`b', "E'a`b'"],
    ["a`b'c\\", "E'a`b\\'c\\\\'"],
  ])('%s', (key, written) => {
    expect(quoteKey(key)).toBe(written);
    expect(unquote(written)).toBe(key);
  });
});

describe('quoteText', () => {
  it.each(['plain', "it's", 'say "x"', `both ' and "`, 'back\\slash', 'line\nbreak', "ends with '", '', 'tab\t"\''])(
    '%j comes back',
    (text) => {
      expect(unquote(quoteText(text))).toBe(text);
    },
  );

  it('never leaves a quote of its own kind inside without an escape', () => {
    expect(quoteText(`a'b"c`)).toBe(`E'a\\'b"c'`);
    expect(quoteText("a'b")).toBe(`"a'b"`);
  });
});

describe('readField', () => {
  it.each([
    ['metrics.loss', 'metric', 'loss', 'latest'],
    ['metric.`val loss`', 'metric', 'val loss', 'latest'],
    ['min(metrics.`val/loss`)', 'metric', 'val/loss', 'min'],
    ['last(metrics.a)', 'metric', 'a', 'latest'],
    ['parameters.lr', 'param', 'lr', 'latest'],
    ['tags.mlflow.user', 'tag', 'mlflow.user', 'latest'],
    ['attributes.start_time', 'attribute', 'start_time', 'latest'],
    ['created', 'attribute', 'start_time', 'latest'],
    ['duration', 'attribute', 'duration', 'latest'],
  ])('%s', (written, entity, key, statistic) => {
    expect(readField(written)).toEqual({ entity, key, statistic });
  });

  it('has one way to write each', () => {
    expect(normalizeField('param.lr')).toBe('params.lr');
    expect(normalizeField('attributes.created')).toBe('start_time');
    expect(normalizeField('MAX(metric.`a`)')).toBe('max(metrics.a)');
    expect(writeField('metric', 'a b', 'min')).toBe('min(metrics.`a b`)');
  });
});

describe('the step of a value', () => {
  it('is read and written', () => {
    expect(readField('step(metrics.loss)')).toEqual({ entity: 'metric', key: 'loss', statistic: 'latest', step: true });
    expect(readField('STEP( min(metrics.`val/loss`) )')).toEqual({
      ...{ entity: 'metric', key: 'val/loss', statistic: 'min', step: true },
    });
    expect(normalizeField('step(min(metric.`a`))')).toBe('step(min(metrics.a))');
    expect(writeStep('a b', 'nan')).toBe('step(nan(metrics.`a b`))');
  });

  it('is of a metric alone', () => {
    expect(readField('step(params.lr)')).toMatchObject({ entity: 'attribute' });
  });

  it('has a name of its own', () => {
    expect(labelField('step(min(metrics.loss))')).toBe('loss, step of min');
    expect(labelField('step(metrics.loss)')).toBe('loss, last step');
  });
});

describe('labelField', () => {
  it('is what people call it', () => {
    expect(labelField('metrics.`val/loss`')).toBe('val/loss');
    expect(labelField('min(metrics.loss)')).toBe('loss, min');
    expect(labelField('start_time')).toBe('Created');
  });
});
