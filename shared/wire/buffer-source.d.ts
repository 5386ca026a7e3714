/** A DOM name that the MessagePack package's types use; Node's own types do not declare it. */
type BufferSource = ArrayBufferView | ArrayBuffer;
