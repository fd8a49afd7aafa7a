"""What starts or asks: a dropped blob, an HTTP call, the timer sweep. Never calls the model."""
